"""The explorer: policy levers, and what they change, while the slider moves."""

from privacysim.explorer.widgets import Explorer, explore

__all__ = ["Explorer", "explore"]
