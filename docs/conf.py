"""The documentation site: `python3 dev.py docs` builds it, warnings as errors."""

import inspect
from datetime import UTC, datetime
from typing import Any

import jlstm
from jlstm.training.run import environment

project = "jlstm"
author = "the jlstm developers"
copyright = f"2026, {author}"
release = version = jlstm.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx-mathjax-offline",
]
exclude_patterns = ["_build", "conf.py", "explore", "tutorial/weights/README.md"]

# The tutorial is plain Python in the percent format; it is run while the site is built.
nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}
nb_execution_mode = "force"  # a cache would not see that the library has changed
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
# Code and experiments are linked to as files of the repository, which are no pages.
# Python's own `bytes` in a signature may be taken for a field of that name.
suppress_warnings = ["myst.xref_missing", "ref.python"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_attr_annotations = False  # a shape such as "*b h" would be read as emphasis

LEFT_OUT = {"matplotlib", "sklearn"}

html_theme = "sphinx_book_theme"
html_title = "jlstm"
_built = environment()
_commit = (_built["git_commit"] or "unknown")[:7] + "*" * bool(_built["git_dirty"])
html_theme_options = {
    "extra_footer": (
        f"<p>Built {datetime.now(UTC):%Y-%m-%d %H:%M} UTC from commit {_commit}. The "
        "tutorial's code ran in this build, on "
        f"{_built['cpu_count']} CPU cores, Python {_built['python']}, "
        f"jax {_built['jax']}.</p>"
    ),
    "navbar_persistent": [],  # the search stands in the side bar already
    "show_toc_level": 2,
    "use_download_button": False,
}


def setup(app: Any) -> None:
    """Leave out what a base class of another library writes into ours."""
    app.connect("autodoc-skip-member", _skips)


def _skips(
    app: Any, what: str, name: str, member: Any, skip: bool, options: Any
) -> bool | None:
    """Say whether a member is left out; None leaves it to Sphinx.

    matplotlib gives each artist a `set` of its own, scikit-learn each estimator its
    `set_…_request`: their texts use the roles of their own sites.
    """
    module = getattr(member, "__module__", None) if inspect.isroutine(member) else None
    foreign = isinstance(module, str) and module.split(".")[0] in LEFT_OUT
    return True if what == "class" and foreign else None
