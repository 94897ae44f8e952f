"""Curves of several runs upon each other: which of them got lower, and how soon."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jlstm.analysis.plots.style import BLUE, DASHES, INK, WIDTH, settled, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# From dark to light, so that they differ in grey too.
SHADES = (INK, BLUE, "#b4552d")
LINES = ("-", *DASHES)
MANY_TIMES = 50
"""Beyond this ratio of the highest to the lowest value an axis is logarithmic."""


class OverlayCurve(NamedTuple):
    """One line of :func:`plot_overlay`.

    Attributes:
        xs: where it was measured, such as the updates made.
        values: what was measured, such as the mean of several seeds.
        band: lowest and highest of the seeds at each; None for no band.
    """

    xs: Sequence[float]
    values: Sequence[float]
    band: tuple[Sequence[float], Sequence[float]] | None = None


def plot_overlay(
    panels: Mapping[str, Mapping[str, OverlayCurve]],
    labels: tuple[str, str],
    names: Sequence[str] = (),
) -> "Figure":
    """Draw the curves of several runs over each other, the end of each marked.

    A run has the same shade and dash in every panel. Fifteen runs differ in these; the
    sixteenth looks like the first.

    Args:
        panels: curves by the name of the run, by the title of the panel.
        labels: what the horizontal and the vertical axis say.
        names: of runs in an order that gives them their looks, for several plots of
            the same runs; default: the order in which they come.

    Raises:
        ValueError: there is no curve.

    Example:
        >>> curve = OverlayCurve([1, 2], [3.0, 1.5], band=([2.9, 1.2], [3.1, 1.8]))
        >>> figure = plot_overlay({"": {"LSTM": curve}}, ("updates", "loss"))
        >>> figure.axes[0].get_xlabel()
        'updates'
    """
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    from jlstm.analysis.plots.plot import Plot

    drawn = list(dict.fromkeys(name for curves in panels.values() for name in curves))
    if not drawn:
        raise ValueError("there is no curve to draw; give at least one.")
    looks = {n: _look(k) for k, n in enumerate(dict.fromkeys([*names, *drawn]))}
    columns = 2 if max(map(len, drawn)) <= 32 else 1
    legend = 0.2 * -(-len(drawn) // columns)
    size = (WIDTH, 0.5 + legend + 3.0 * len(panels))
    figure = Plot(figsize=size, layout=ConstrainedLayoutEngine(h_pad=0.1))
    rows = figure.subplots(len(panels), squeeze=False)[:, 0]
    for axes, (title, curves) in zip(rows, panels.items(), strict=True):
        for name, curve in curves.items():
            _draw(axes, curve, *looks[name])
        _scale(axes, title, curves)
        axes.set_ylabel(labels[1], color=INK)
    rows[-1].set_xlabel(labels[0], color=INK)
    _name(figure, {name: looks[name] for name in drawn}, columns)
    return settled(figure)


def _look(number: int) -> tuple[str, Any]:
    """Return a shade and a dash; runs that follow each other differ in both."""
    return SHADES[number % len(SHADES)], LINES[number % len(LINES)]


def _draw(axes: "Axes", curve: OverlayCurve, shade: str, line: Any) -> None:
    axes.plot(
        curve.xs, curve.values, color=shade, linestyle=line, linewidth=1.6, marker="o",
        markersize=4, markevery=[-1],
    )  # fmt: skip
    if curve.band is not None:
        axes.fill_between(curve.xs, *curve.band, color=shade, alpha=0.15, linewidth=0)


def _scale(axes: "Axes", title: str, curves: Mapping[str, OverlayCurve]) -> None:
    tidy(axes)
    values = np.concatenate([np.asarray(c.values, np.float64) for c in curves.values()])
    finite = values[np.isfinite(values)]
    if len(finite) and 0 < MANY_TIMES * finite.min() < finite.max():
        axes.set_yscale("log")
    axes.set_xlim(left=0)
    axes.set_title(title, loc="left", fontsize=10, color=INK)


def _name(figure: "Figure", looks: Mapping[str, tuple[str, Any]], columns: int) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=shade, linestyle=line, label=name)
        for name, (shade, line) in looks.items()
    ]
    legend = figure.legend(
        handles=handles, loc="outside upper left", ncols=columns, frameon=False,
        fontsize=10, labelcolor=INK, handlelength=3.5,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)
