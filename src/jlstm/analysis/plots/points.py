"""Points against a quantity that doubles: a loss against a size, a time against T."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from jlstm.analysis.plots.literal import in_legend
from jlstm.analysis.plots.style import BLUE, DASHES, GREY, INK, WIDTH, settled, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = (BLUE, INK, GREY)
MARKS = "osD^v<>"
LONG = 24  # letters of a name of which three do not stand side by side
Number = int | float
Points = Mapping[str, Sequence[tuple[Number, Number]]]


def plot_points(
    curves: Points,
    *,
    x_label: str,
    y_label: str,
    log_y: bool = False,
    baseline: tuple[str, Number] | None = None,
    highest: Number | None = None,
) -> "Figure":
    """Draw a line through the points of each name; x is on a scale that doubles.

    Every name has a mark of its own, so the plot reads without color.

    Args:
        curves: pairs of x and y by name; an empty one is left out.
        x_label: what the horizontal axis says.
        y_label: what the vertical axis says.
        log_y: draw y on a logarithmic scale.
        baseline: a name and a height, drawn as a thin line, such as what knows nothing.
        highest: where the vertical axis ends; a curve may leave the plot there.

    Raises:
        ValueError: there is no point.

    Example:
        >>> figure = plot_points(
        ...     {"LSTM": [(1, 3.0), (2, 2.0)]}, x_label="size", y_label="loss"
        ... )
        >>> figure.axes[0].get_xscale()
        'log'
    """
    from jlstm.analysis.plots.plot import Plot

    drawn = {name: sorted(points) for name, points in curves.items() if points}
    if not drawn:
        raise ValueError("there is no point to draw; give at least one.")
    figure = Plot(figsize=(WIDTH, 4.0), layout="constrained")
    axes = figure.subplots()
    tidy(axes)
    for number, name in enumerate(curves):
        if name in drawn:
            _draw(axes, number, name, drawn[name])
    if baseline is not None:
        axes.axhline(
            baseline[1], color=GREY, linewidth=0.9, label=in_legend(baseline[0])
        )
    _scale(axes, sorted({x for points in drawn.values() for x, _ in points}), log_y)
    axes.set_xlabel(x_label, color=INK)
    axes.set_ylabel(y_label, color=INK)
    if highest is not None:
        axes.set_ylim(top=highest)
    columns = 3 if max(map(len, drawn)) < LONG else 2
    figure.legend(
        loc="outside upper left",
        ncols=columns,
        frameon=False,
        fontsize=10,
        labelcolor=INK,
    )
    return settled(figure)


def _draw(
    axes: "Axes", number: int, name: str, points: Sequence[tuple[Number, Number]]
) -> None:
    xs, ys = zip(*points, strict=True)
    axes.plot(
        xs,
        ys,
        color=COLORS[number % len(COLORS)],
        linestyle=("-", *DASHES)[number // len(COLORS) % (1 + len(DASHES))],
        marker=MARKS[number % len(MARKS)],
        markersize=5,
        linewidth=1.5,
        label=in_legend(name),
    )


def _scale(axes: "Axes", xs: Sequence[Number], log_y: bool) -> None:
    """Put a tick at every x that was measured."""
    axes.set_xscale("log", base=2)
    axes.set_xticks(xs, [f"{x:g}" if x < 1e4 else f"{x / 1e3:,.0f}k" for x in xs])
    axes.minorticks_off()
    if log_y:
        axes.set_yscale("log")
