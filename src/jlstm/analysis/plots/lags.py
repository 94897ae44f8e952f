"""How fast gradients fade with the lag, on a logarithmic scale."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float

from jlstm.analysis.plots.style import BLUE, GREY, INK, WIDTH, settled, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOWEST = 1e-12
COLORS = (GREY, BLUE, INK)
DASHES = ("-", (0, (6, 2)), (0, (1.5, 1.5)), (0, (8, 2, 1.5, 2)))


class LagCurve(NamedTuple):
    """One line of :func:`plot_lags`.

    Attributes:
        norms: one at each lag from 0 on.
        family: lines of one number share a color.
    """

    norms: Float[np.ndarray, " n"]
    family: int = 0


def plot_lags(panels: Mapping[str, Mapping[str, LagCurve]]) -> "Figure":
    """Draw gradient norms against the lag, a panel for each part of the carry.

    Lag 0 is left out, where the gradient by a cell state is zero. A name has the same
    color and dash in every panel.

    Args:
        panels: curves by name, by what the panel shows.

    Raises:
        ValueError: there is no curve.

    Example:
        >>> curve = LagCurve(0.5 ** np.arange(20.0))
        >>> figure = plot_lags({"by h": {"RNN": curve}})
        >>> figure.axes[0].get_yscale()
        'log'
    """
    from jlstm.analysis.plots.plot import Plot

    names = list(dict.fromkeys(name for curves in panels.values() for name in curves))
    if not names:
        raise ValueError("there is no curve to draw; give at least one.")
    figure = Plot(figsize=(1.25 * WIDTH, 4.2), layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    styles = _styles(panels)
    for each, (title, curves) in zip(axes, panels.items(), strict=True):
        _draw_panel(each, title, curves, styles)
    axes[0].set_ylim(bottom=LOWEST)  # once all is drawn: it ends the automatic scaling
    axes[0].set_ylabel("norm of the gradient", color=INK)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside upper left",
        ncols=4,
        frameon=False,
        fontsize=10,
        labelcolor=INK,
    )
    return settled(figure)


def _styles(panels: Mapping[str, Mapping[str, LagCurve]]) -> dict[str, dict]:
    """Give each name a color by its family, and a dash of its own within that."""
    families = {n: c.family for curves in panels.values() for n, c in curves.items()}
    styles, seen = {}, dict.fromkeys(families.values(), 0)
    for name, family in families.items():
        dash = DASHES[seen[family] % len(DASHES)]
        styles[name] = {"color": COLORS[family % len(COLORS)], "linestyle": dash}
        seen[family] += 1
    return styles


def _draw_panel(
    axes: "Axes",
    title: str,
    curves: Mapping[str, LagCurve],
    styles: Mapping[str, dict],
) -> None:
    tidy(axes)
    for name, curve in curves.items():
        norms = np.where(curve.norms > 0, curve.norms, np.nan)
        lags: Sequence[int] = range(1, len(norms))
        axes.plot(lags, norms[1:], linewidth=1.6, label=name, **styles[name])
    axes.set_yscale("log")
    axes.set_xlim(left=0)
    axes.set_xlabel("lag (steps)", color=INK)
    axes.set_title(title, fontsize=10, color=INK)
