"""The explorer: policy levers, and what they change, while the slider moves."""

from privacysim.errors import require

require("notebooks", "ipywidgets", "nbformat", "nbclient", where="the explorer")

from privacysim.explorer.widgets import Explorer, explore  # noqa: E402  # needs what was just looked for

__all__ = ["Explorer", "explore"]
