"""Interactive policy explorer: policy levers, and results that update as a slider moves."""

from privacysim.errors import require

require("notebooks", "ipywidgets", "nbformat", "nbclient", where="the explorer")

from privacysim.explorer.widgets import Explorer  # noqa: E402  # needs the packages checked above

explore = Explorer
__all__ = ["Explorer", "explore"]
