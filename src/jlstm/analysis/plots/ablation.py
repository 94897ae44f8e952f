"""What each unit is worth, as bars."""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Array, Float

from jlstm.analysis.plots.style import BLUE, GREY, INK, WIDTH, settled, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMED = 40  # so many units have their number below the bar


def plot_ablation(
    increases: Float[Array, "h"] | Float[np.ndarray, "h"],
    label: str = "rise of the loss",
) -> "Figure":
    """Draw by how much the loss rises without each unit, the most important unit first.

    A bar below zero, in grey, is a unit without which the loss falls. Up to forty units
    have their number below the bar, counted from 0.

    Args:
        increases: of :func:`~jlstm.analysis.ablation.unit_ablation`.
        label: what the axis says, such as the loss with its unit.

    Raises:
        ValueError: there is no unit.

    Example:
        >>> figure = plot_ablation(np.array([0.1, 0.5, -0.2]))
        >>> [text.get_text() for text in figure.axes[0].get_xticklabels()]
        ['1', '0', '2']
    """
    from jlstm.analysis.plots.plot import Plot

    values = np.asarray(increases, np.float64)
    if not len(values):
        raise ValueError("there is no unit to draw; give the increase of at least one.")
    order = np.argsort(-values, kind="stable")
    figure = Plot(figsize=(WIDTH, 3.2), layout="constrained")
    axes = figure.subplots()
    tidy(axes)
    ranks = np.arange(len(values))
    colors = np.where(values[order] >= 0, BLUE, GREY)
    axes.bar(ranks, values[order], width=0.8, color=colors)
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.set_xlim(-0.8, len(values) - 0.2)
    if len(values) <= NAMED:
        crowded = len(values) > NAMED // 2
        axes.set_xticks(ranks, order.astype(str), fontsize=7 if crowded else 9)
        axes.set_xlabel("unit, the most important first", color=INK)
    else:
        axes.set_xlabel("rank of the unit", color=INK)
    axes.set_ylabel(label, color=INK)
    return settled(figure)
