"""Shares in a grid: who can do what, how often."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from jlstm.analysis.plots.style import INK, WIDTH, settled, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def share_grid(
    shares: Float[np.ndarray, "n t"],
    rows: Sequence[str],
    columns: Sequence[str],
    texts: Sequence[Sequence[str]],
    *,
    label: str,
    side: str = "",
) -> "Figure":
    """Draw shares from 0 to 1 as a grid, each with its text; NaN is left empty.

    Args:
        shares: one per row and column.
        rows: names, from above.
        columns: names, from the left.
        texts: what stands in each place, such as ``"2/3"``.
        label: what the columns are.
        side: what the rows are, which stands above them.

    Raises:
        ValueError: the sizes do not fit each other.

    Example:
        >>> figure = share_grid(np.eye(2), "ab", "cd", [["1", "0"]] * 2, label="T")
        >>> figure.axes[0].get_xlabel()
        'T'
    """
    from jlstm.analysis.plots.plot import Plot

    given = len(rows), len(columns)
    if shares.shape != given or {len(line) for line in texts} != {given[1]}:
        raise ValueError(
            f"shares of shape {shares.shape} came with {given[0]} rows and {given[1]} "
            "columns; give one name per row and per column, and one text per place."
        )
    figure = Plot(figsize=(WIDTH, 0.9 + 0.36 * len(rows)), layout="constrained")
    axes = figure.subplots()
    tidy(axes)
    axes.imshow(shares, "cividis", aspect="auto", vmin=0, vmax=1)
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    for place in np.ndindex(shares.shape):
        # Not INK, which turns light on a dark page: what is below it does not.
        color = "#ffffff" if shares[place] < 0.5 else "#000000"
        row, column = place
        axes.text(column, row, texts[row][column], ha="center", va="center",
                  fontsize=10, color=color)  # fmt: skip
    axes.set_xlabel(label, color=INK)
    axes.set_title(side, loc="left", fontsize=10, color=INK)
    return settled(figure)
