"""Masks by name, as written in policies and on the command line: `pixelate:4`, `blur:0.25`, `dp_pixelate:4:0.5`."""

from __future__ import annotations

from collections.abc import Callable

from privacysim.errors import InputError, did_you_mean
from privacysim.masklab.crowd_masks import KSame, MeanFace, Silhouette
from privacysim.masklab.masks import BlackBox, Blur, Clear, Downsample, EyesBar, Mask, Pixelate
from privacysim.masklab.random_masks import DPPixelate, Scramble

_MAKERS: dict[str, tuple[str, Callable[..., Mask]]] = {
    "none": ("none", Clear),
    "downsample": ("downsample:PX", Downsample),
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
    """The mask that a name and its strengths describe.

    >>> mask_named("pixelate:4"), mask_named("dp_pixelate:4:0.5").epsilon
    (Pixelate(cells_across=4.0), 0.5)
    """
    kind, *strengths = str(text).split(":")
    if kind not in _MAKERS:
        raise InputError("mask", "one of " + ", ".join(MASK_FORMS), text or "nothing", did_you_mean(kind, _MAKERS))
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


def name_of(mask: Mask) -> str:
    """The name under which the lab measures a mask; where no name fits, its Python form.

    >>> name_of(Blur(0.25)), name_of(BlackBox(-0.12)), name_of(Scramble())
    ('blur:0.25', 'box:-0.12', 'scramble')
    """
    match mask:
        case DPPixelate():
            return f"dp_pixelate:{mask.cells_across:g}:{mask.epsilon:g}"
        case Pixelate():
            return f"pixelate:{mask.cells_across:g}"
        case Blur():
            return f"{'blur' if mask.fast else 'gaussian'}:{mask.sigma:g}"
        case BlackBox():
            return "box" if mask.margin >= 0.0 else f"box:{mask.margin:g}"
        case KSame():
            return f"{'ksame' if mask.one_each else 'ksame_misused'}:{mask.k}"
        case Scramble():
            return "scramble" if mask.nonce == "frame" else "scramble_fixed"
        case Clear() | EyesBar() | Silhouette() | MeanFace():
            return {"Clear": "none", "EyesBar": "eyes", "Silhouette": "silhouette_of_face"}.get(
                type(mask).__name__, "mean_face"
            )
    return repr(mask)
