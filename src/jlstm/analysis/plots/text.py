"""A text whose characters are shaded by what a unit did at each of them.

The form is that of Karpathy, Johnson and Li, 2016 (arXiv:1506.02078), figure 2.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from jlstm.analysis.plots.style import BLUE, INK, WIDTH, settled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LINE, _FILL = 0.17, 0.9
"""Height of a line in inches, and how much of it a shade fills."""
_FONT_RATIO = 0.602
"""Width of a character of the font, as a share of its size."""


def plot_text(
    text: str,
    values: Float[np.ndarray, " t"],
    columns: int = 80,
    limits: tuple[float, float] = (-1.0, 1.0),
) -> "Figure":
    """Write a text out, the darker under a character the higher its value.

    A line ends where the text's line does, or after ``columns`` characters.

    Args:
        text: what was read.
        values: one per character, such as ``h`` of one unit.
        columns: characters in a line, at most.
        limits: values of no shade and of the full shade.

    Raises:
        ValueError: not one value a character, no text, or limits in no order.

    Example:
        >>> figure = plot_text('a "b"', np.array([-1, -1, 0.9, 1.0, 0.2]))
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['a', '"', 'b', '"']
    """
    from jlstm.analysis.plots.plot import Plot

    low, high = limits
    if len(text) != len(values) or not text or columns < 1 or not low < high:
        raise ValueError(
            f"plot_text: {len(text)} characters, {len(values)} values, {columns} "
            f"columns, limits {limits}; give one value a character, a column at least "
            "and a lower limit below the upper."
        )
    places = list(_places(text, columns))
    lines = places[-1][0] + 1
    figure = Plot(figsize=(WIDTH, _LINE * lines))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, columns), ylim=(lines, 0))
    axes.set_axis_off()
    shades = np.clip((np.asarray(values) - low) / (high - low), 0, 1)
    size = 72 * WIDTH / columns / _FONT_RATIO
    for sign, place, shade in zip(text, places, shades, strict=True):
        _write(axes, sign, place, float(shade), size)
    return settled(figure)


def _places(text: str, columns: int) -> Iterator[tuple[int, int]]:
    """Yield line and column of each character."""
    line = column = 0
    for sign in text:
        if column == columns:
            line, column = line + 1, 0
        yield line, column
        line, column = (line + 1, 0) if sign == "\n" else (line, column + 1)


def _write(
    axes: "Axes", sign: str, place: tuple[int, int], shade: float, size: float
) -> None:
    from matplotlib.patches import Rectangle

    line, column = place
    corner = (column, line + (1 - _FILL) / 2)
    axes.add_patch(Rectangle(corner, 1, _FILL, color=BLUE, alpha=shade, linewidth=0))
    if not sign.isspace():
        written = axes.text(
            column + 0.5, line + 0.5, sign, ha="center", va="center", color=INK,
            fontsize=min(size, 9), family="monospace",
        )  # fmt: skip
        written.set_parse_math(False)
