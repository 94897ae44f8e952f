"""Which source words a decoder looked at while it wrote, as a heat map."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from jlstm.analysis.plots.style import INK, WIDTH, label_steps, settled, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WORD = 0.26  # inches a row


def plot_attention(
    weights: Float[np.ndarray, "t s"], source: Sequence[str], written: Sequence[str]
) -> "Figure":
    """Draw the weights of an attention: light is much.

    A row is a written word, from above, and its weights over the source sum to 1.

    Args:
        weights: of each written word over the source.
        source: words that were read, below the columns.
        written: words that were produced, next to the rows.

    Raises:
        ValueError: there is not one word per row and one per column.

    Example:
        >>> figure = plot_attention(np.eye(2), ["ein", "Hund"], ["a", "dog"])
        >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
        ['a', 'dog']
    """
    from jlstm.analysis.plots.plot import Plot

    if weights.shape != (len(written), len(source)):
        raise ValueError(
            f"weights of shape {weights.shape} came with {len(written)} written words "
            f"and {len(source)} of the source; give a row and a column for each."
        )
    height = 1.4 + WORD * len(written)
    figure = Plot(figsize=(WIDTH, height), layout="constrained")
    axes = figure.subplots()
    tidy(axes)
    image = axes.imshow(
        weights, "cividis", aspect="auto", interpolation="none", vmin=0, vmax=1
    )
    label_steps(axes, source)
    axes.set_yticks(range(len(written)), written, fontsize=9)
    for text in axes.get_yticklabels():
        text.set_parse_math(False)
    axes.tick_params(length=0)
    axes.set_xlabel("source", color=INK)
    axes.set_ylabel("written", color=INK)
    bar = figure.colorbar(image, ax=axes, pad=0.02, aspect=25)
    bar.outline.set_visible(False)
    for colors in bar.ax.collections:
        colors.set_rasterized(True)
    bar.set_ticks([0, 0.5, 1])
    bar.ax.tick_params(labelsize=9, colors=INK)
    return settled(figure)
