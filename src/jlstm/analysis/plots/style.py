"""What all plots share: colors, dashes, the width of a page, tidy axes."""

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from jlstm.analysis.plots.literal import make_literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The reader's browser has the glyphs that matplotlib's own font lacks.
MISSING_GLYPH = "Glyph .* missing from font"
NO_ROOM = "constrained_layout not applied"
INK = "#1a1a1b"
"""Text and axes; in an SVG it becomes the color of the text around the plot."""
BLUE, GREY = "#5b9bc4", "#8a8a8a"
DASHES = ((0, (6, 3)), (0, (1.5, 2)), (0, (8, 2, 1.5, 2)), (0, (3, 6)))
WIDTH = 6.4  # inches


def tidy(axes: "Axes") -> None:
    """Take the frame away that carries no scale."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for spine in axes.spines.values():
        spine.set_color(INK)
    axes.tick_params(colors=INK, labelsize=10)


def label_steps(axes: "Axes", labels: Sequence[str]) -> None:
    """Write one label per step below the axes; a space is ␣, a line break ↵."""
    shown = [text.replace(" ", "␣").replace("\n", "↵") for text in labels]
    rotation = 90 if max(map(len, shown)) > 1 else 0
    axes.set_xticks(range(len(shown)), shown, rotation=rotation, fontsize=9)
    for text in axes.get_xticklabels():
        text.set_parse_math(False)


def settled(figure: "Figure") -> "Figure":
    """Lay the figure out once; drawn again, it would otherwise move a little.

    Labels of a user stand as they are, and one without room leaves a plot.
    """
    make_literal(figure)
    with warnings.catch_warnings():
        for known in (MISSING_GLYPH, NO_ROOM):
            warnings.filterwarnings("ignore", message=known)
        figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure
