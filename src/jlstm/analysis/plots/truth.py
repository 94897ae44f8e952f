"""Predicted numbers next to the true ones."""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Real

from jlstm.analysis.plots.style import BLUE, DASHES, GREY, INK, WIDTH, settled, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_truth(
    truth: Real[np.ndarray, " n"], predicted: Real[np.ndarray, " n"]
) -> "Figure":
    """Draw a point for each prediction, and the line on which it would be right.

    Args:
        truth: the true numbers.
        predicted: what a model made of each.

    Example:
        >>> figure = plot_truth(np.array([1.0, 2.0]), np.array([1.5, 2.0]))
        >>> figure.axes[0].get_ylabel()
        'prediction'
    """
    from jlstm.analysis.plots.plot import Plot

    figure = Plot(figsize=(WIDTH * 0.7, WIDTH * 0.7), layout="constrained")
    axes = figure.subplots()
    tidy(axes)
    both = np.concatenate([truth, predicted]).astype(np.float64)
    ends = [both.min(), both.max()]
    axes.plot(ends, ends, color=GREY, linewidth=1.0, linestyle=DASHES[0], zorder=0)
    axes.plot(
        truth, predicted, linestyle="none", marker="o", markersize=4,
        markerfacecolor="none", markeredgecolor=BLUE, markeredgewidth=1.0,
        alpha=1.0 if len(truth) < 300 else 0.4,
    )  # fmt: skip
    axes.set_xlabel("truth", color=INK)
    axes.set_ylabel("prediction", color=INK)
    return settled(figure)
