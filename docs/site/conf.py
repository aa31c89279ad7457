"""The documentation as a site: Sphinx reads the repository's own Markdown; `make site` builds it.

The source folder is the root of the repository, so that links between pages hold on a code host and
in the site alike.
"""

import sys
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from analyzer import __version__  # noqa: E402

project = "relcheck"
copyright = "the authors of relcheck, Apache-2.0"
release = __version__

extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/**.md",
    "models/README.md",
    "examples/*/README.md",
]
exclude_patterns = [".*", "build", "docs/verification-intro.md"]

myst_heading_anchors = 4
nitpicky = True
suppress_warnings: list[str] = []

html_theme = "furo"
html_title = f"relcheck {release}"
html_copy_source = False
html_show_sphinx = False
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_extra_path = ["root"]
# Colour of the links of our HTML reports, light and dark.
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#1f5fa8", "color-brand-content": "#1f5fa8"},
    "dark_css_variables": {"color-brand-primary": "#7fb2ee", "color-brand-content": "#7fb2ee"},
}
pygments_style = "default"
pygments_dark_style = "github-dark"

DECISIONS = "\n\n```{toctree}\n:hidden:\n:glob:\n\n0*\n```\n"


def add_decisions(app: Sphinx, name: str, source: list[str]) -> None:
    """List the decisions in the navigation; on a code host the page needs its table alone."""
    if name == "docs/decisions/README":
        source[0] += DECISIONS


def setup(app: Sphinx) -> None:
    """Register what is above with Sphinx."""
    app.connect("source-read", add_decisions)
