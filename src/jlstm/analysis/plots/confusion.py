"""What was taken for what."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Integer

from jlstm.analysis.plots.style import INK, WIDTH, settled, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 40
"""Classes that have room for names and counts; of more, every n-th is named."""


def plot_confusion(
    counts: Integer[np.ndarray, "k k"], classes: Sequence[str]
) -> "Figure":
    """Draw a confusion matrix: counts as numbers, shares of each row as shades.

    Of many classes the shades alone are drawn, and every n-th name.

    Args:
        counts: rows are the true classes, columns what they were taken for.
        classes: their names.

    Raises:
        ValueError: there is not one name per class.

    Example:
        >>> figure = plot_confusion(np.array([[9, 1], [2, 8]]), ["bad", "good"])
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['9', '1', '2', '8']
    """
    from jlstm.analysis.plots.plot import Plot

    if len(classes) != len(counts):
        raise ValueError(
            f"{len(classes)} names for {len(counts)} classes; give one per class."
        )
    side = min(WIDTH, 2.4 + 0.42 * len(classes))
    figure = Plot(figsize=(side + 0.9, side), layout="constrained")
    axes = figure.subplots()
    tidy(axes)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, "Greys", vmin=0, vmax=1.6)  # so that ink is read on any shade
    small = 10 if len(classes) <= 10 else 7
    for (row, column), count in np.ndenumerate(counts):
        if count and len(classes) <= MOST:
            axes.text(
                column, row, f"{count}", ha="center", va="center", fontsize=small,
                color="black", weight="bold" if row == column else "normal",
            )  # fmt: skip
    shown = range(0, len(classes), -(-len(classes) // MOST))
    names = [classes[number] for number in shown]
    turn = 90 if max(map(len, names)) > 8 and len(names) > 3 else 0
    turn = 90 if len(classes) > MOST else turn
    axes.set_xticks(shown, names, rotation=turn, fontsize=small)
    axes.set_yticks(shown, names, fontsize=small)
    axes.set_xlabel("taken for", color=INK)
    axes.set_ylabel("true class", color=INK)
    for side_name in ("left", "bottom"):
        axes.spines[side_name].set_visible(False)
    axes.tick_params(length=0)
    return settled(figure)
