"""Damages a file in one to four places, as a faulty disk, a faulty program or an attacker might."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as some

WORDS = ("NaN", "1e999", "-1e-999", "181", "9" * 400, "６０", "-", "0x10", "∞")


def damaged(data: Any, whole: bytes, *, cut: int, doubled: int) -> bytes:
    """Cut, replace or double bytes of `whole`, or insert a word; hypothesis draws from `data`."""
    content = bytearray(whole)
    for _ in range(data.draw(some.integers(1, 4))):
        at = data.draw(some.integers(0, max(len(content) - 1, 0)))
        what = data.draw(some.sampled_from(["cut", "byte", "number", "double"]))
        if what == "cut":
            del content[at : at + data.draw(some.integers(1, cut))]
        elif what == "byte":
            content[at : at + 1] = data.draw(some.binary(min_size=1, max_size=4))
        elif what == "number":
            content[at:at] = data.draw(some.sampled_from(WORDS)).encode()
        else:
            content[at:at] = content[at : at + doubled]
    return bytes(content)
