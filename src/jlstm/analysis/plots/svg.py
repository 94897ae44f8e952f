"""A plot as text that can stand in a page."""

import hashlib
import io
import re
import warnings
from typing import TYPE_CHECKING

from jlstm.analysis.plots.style import INK, MISSING_GLYPH

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figure_to_svg(figure: "Figure") -> str:
    """Return a figure as an ``<svg>`` element that can stand in a page with others.

    The same figure gives the same text: no date, no random ids. Ids begin with a digest
    of the plot, so that two plots in one page do not share any. Axes and text
    take the color of the page, light or dark; heat maps are PNG images inside.

    Example:
        >>> from matplotlib.figure import Figure
        >>> figure_to_svg(Figure(figsize=(1, 1)))[:23]
        '<svg xmlns:xlink="http:'
    """
    import matplotlib

    buffer = io.StringIO()
    nothing = dict.fromkeys(["Creator", "Date", "Format", "Type"])
    settings = {"svg.hashsalt": "jlstm", "svg.fonttype": "none"}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=MISSING_GLYPH)
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    svg = re.sub(r'font-family: ([^;"]*)', _of_the_reader, svg)
    prefix = "p" + hashlib.sha256(svg.encode()).hexdigest()[:8] + "-"
    return re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{prefix}", svg)


def _of_the_reader(family: re.Match[str]) -> str:
    """Return the browser's own font for one that may not be there."""
    kind = "monospace" if "mono" in family[1].lower() else "sans-serif"
    return f"font-family: {kind}"
