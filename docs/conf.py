"""Sphinx settings. Build with `python3 run.py docs`: warnings are errors, nothing is fetched, no notebook is run."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from make import docstrings, everything  # noqa: E402

import privacysim  # noqa: E402

everything(HERE)

project = "privacysim"
author = "The privacysim authors"
version = release = privacysim.__version__
copyright = author

extensions = ["myst_parser", "sphinx.ext.autodoc"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["make", "_site", "README.md", "made/front.md"]
default_role = "code"
nitpicky = False
suppress_warnings = ["ref.python"]  # two rooms may have a class of one name; the annotation then stays plain text
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 90
add_module_names = False
autodoc_preserve_defaults = True
autodoc_inherit_docstrings = False
html_theme = "furo"
html_title = "privacysim"
html_show_sourcelink = False
html_show_sphinx = False
html_static_path = ["static"]
html_css_files = ["house.css"]
html_search_scorer = str(HERE / "static" / "scorer.js")
pygments_style = "friendly"


def setup(app: object) -> None:
    """Docstrings of privacysim are plain text with `code`: read them as such."""
    app.connect("autodoc-process-docstring", docstrings.as_rst)  # type: ignore[attr-defined]
    app.connect("autodoc-process-signature", docstrings.short_types)  # type: ignore[attr-defined]
