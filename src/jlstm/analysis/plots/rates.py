"""The loss against the learning rate, of a range test."""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from jlstm.analysis.plots.style import BLUE, DASHES, GREY, INK, WIDTH, settled, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Numbers = Float[np.ndarray, " n"]


def plot_rates(
    rates: Numbers, losses: Numbers, smoothed: Numbers, suggested: float | None
) -> "Figure":
    """Draw the loss of each update against its rate, and the one that is suggested.

    Args:
        rates: of the updates, rising.
        losses: of their batches.
        smoothed: the same, smoothed.
        suggested: the rate to mark, None for none.

    Example:
        >>> rates = np.geomspace(1e-3, 1.0, 4)
        >>> figure = plot_rates(rates, 1 - rates, 1 - rates, 0.1)
        >>> figure.axes[0].get_xscale(), figure.axes[0].get_ylabel()
        ('log', 'training loss')
    """
    from jlstm.analysis.plots.plot import Plot

    figure = Plot(figsize=(WIDTH, 3.8), layout="constrained")
    axes = figure.subplots()
    tidy(axes)
    axes.plot(rates, losses, color=GREY, linewidth=0.8, label="each batch")
    axes.plot(rates, smoothed, color=BLUE, linewidth=1.6, label="smoothed")
    if suggested is not None:
        name = f"suggested: {suggested:.2g}"
        axes.axvline(suggested, color=INK, linestyle=DASHES[0], linewidth=1, label=name)
    axes.set_xscale("log")
    axes.set_xlabel("learning rate", color=INK)
    axes.set_ylabel("training loss", color=INK)
    figure.legend(
        loc="outside upper left", ncols=3, frameon=False, fontsize=10, labelcolor=INK
    )
    return settled(figure)
