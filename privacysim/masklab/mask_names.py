"""Looks up masks by name, as in policies and on the command line: `pixelate:4`, `blur:0.25`, `dp_pixelate:4:0.5`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from privacysim.errors import InputError, did_you_mean
from privacysim.identify import own_mask
from privacysim.masklab.mask_base import Mask, Transformed
from privacysim.masklab.masks import BlackBox, Blur, Clear, EyesBar, KSame, MeanFace, Pixelate, Silhouette
from privacysim.masklab.random_masks import DPPixelate, Scramble
from privacysim.parts import known_names

_MAKERS: dict[str, tuple[str, Callable[..., Mask]]] = {
    "none": ("none", Clear),
    "downsample": ("downsample:PX", Pixelate),
    "pixelate": ("pixelate:CELLS", Pixelate),
    "blur": ("blur:SIGMA", lambda sigma=0.25: Blur(sigma)),
    "gaussian": ("gaussian:SIGMA", lambda sigma=0.25: Blur(sigma, fast=False)),
    "box": ("box[:MARGIN]", BlackBox),
    "eyes": ("eyes", EyesBar),
    "silhouette": ("silhouette", Silhouette),
    "ksame": ("ksame:K", lambda k=5.0: KSame(int(k))),
    "ksame_misused": ("ksame_misused:K", lambda k=5.0: KSame(int(k), one_each=False)),
    "mean_face": ("mean_face", MeanFace),
    "dp_pixelate": ("dp_pixelate:CELLS:EPSILON", DPPixelate),
    "scramble": ("scramble", Scramble),
    "scramble_fixed": ("scramble_fixed", lambda: Scramble(nonce="fixed")),
}
MASK_FORMS = tuple(form for form, _ in _MAKERS.values())


def mask_named(text: str) -> Mask:
    """Mask with that name and strengths, built in or installed (entry points `privacysim.masks`).

    >>> mask_named("pixelate:4"), mask_named("dp_pixelate:4:0.5").epsilon
    (Pixelate(cells_across=4.0), 0.5)
    """
    kind, *strengths = str(text).split(":")
    if kind not in _MAKERS:
        own = known_names("masks")
        if kind in own:
            return as_mask(own_mask(text))
        fix = did_you_mean(kind, [*_MAKERS, *own])
        raise InputError("mask", "one of " + ", ".join([*MASK_FORMS, *own]), text or "nothing", fix)
    form, make = _MAKERS[kind]
    try:
        numbers = [float(strength) for strength in strengths]
        made = make(*numbers)
    except (ValueError, TypeError):
        raise InputError("mask", form, text, f"write {form} with numbers, strength relative to the face") from None
    for name, number in zip(("strength", "epsilon"), numbers, strict=False):
        if not (0.0 < number < 1e6) and kind != "box":
            raise InputError(f"mask {kind}, {name}", "a number above 0", number, f"write {form}")
    return made


def as_mask(mask: Any) -> Mask:
    """Convert a `Mask`, its name, or any scikit-learn transformer of images to a mask."""
    if isinstance(mask, str):
        return mask_named(mask)
    if isinstance(mask, Mask):
        return mask
    if isinstance(mask, type) or not all(hasattr(mask, name) for name in ("fit", "transform", "get_params")):
        raise InputError("mask", "a mask, its name or a scikit-learn transformer (fit, transform, get_params)", mask,
                         "derive it from privacysim.masklab.mask_base.Mask, and give an object, not its class")
    return Transformed(mask)
