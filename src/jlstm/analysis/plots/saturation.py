"""How often each unit's gates are shut and open, a point for each unit."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from jlstm.analysis.plots.gates import GATE_NAMES
from jlstm.analysis.plots.style import BLUE, DASHES, GREY, INK, settled, tidy
from jlstm.analysis.statistics import Saturation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL = 2.4  # inches


def plot_saturation(gates: Mapping[str, Saturation]) -> "Figure":
    """Draw left-saturated against right-saturated shares, a panel for each gate.

    A unit at the top left is open at nearly every step (its forget gate: it keeps all),
    one at the bottom right is shut, one near the origin is in between at most steps. No
    unit can be above the dashed line, where the shares sum to one.

    Args:
        gates: what :func:`~jlstm.analysis.statistics.gate_saturation` returned, by the
            name of the gate.

    Raises:
        ValueError: there is no gate.

    Source: A. Karpathy, J. Johnson and L. Fei-Fei, 2016 (arXiv:1506.02078), figure 2.

    Example:
        >>> shares = Saturation(np.array([0.1, 0.8]), np.array([0.9, 0.0]))
        >>> figure = plot_saturation({"f": shares})
        >>> figure.axes[0].get_title()
        'forget f'
    """
    from jlstm.analysis.plots.plot import Plot

    if not gates:
        raise ValueError("there is no gate to draw; give at least one.")
    columns = 2 if len(gates) == 4 else min(len(gates), 3)
    lines = -(-len(gates) // columns)
    size = (0.5 + PANEL * columns, 0.2 + (PANEL + 0.25) * lines)
    figure = Plot(figsize=size, layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    for number, (name, shares) in enumerate(gates.items()):
        _draw_panel(panels[number], GATE_NAMES.get(name, name), shares)
        panels[number].set_xlabel("left-saturated (share)", color=INK)
        if number % columns == 0:
            panels[number].set_ylabel("right-saturated (share)", color=INK)
    for axes in panels[len(gates) :]:
        axes.axis("off")
    return settled(figure)


def _draw_panel(axes: "Axes", title: str, shares: Saturation) -> None:
    tidy(axes)
    axes.plot([0, 1], [1, 0], color=GREY, linewidth=1, linestyle=DASHES[0])
    axes.plot(
        np.asarray(shares.left),
        np.asarray(shares.right),
        "o",
        color=BLUE,
        markeredgecolor=INK,
        markeredgewidth=0.5,
        markersize=5,
        alpha=0.6,
        clip_on=False,
    )
    for scale in (axes.xaxis, axes.yaxis):
        scale.set_ticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_aspect("equal")
    axes.set_title(title, fontsize=10, color=INK)
