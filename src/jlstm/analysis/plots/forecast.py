"""Forecasts next to what happened, and how wrong they are at each step."""

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float

from jlstm.analysis.plots.literal import in_legend
from jlstm.analysis.plots.style import BLUE, DASHES, GREY, INK, WIDTH, settled, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class ForecastExample(NamedTuple):
    """One forecast of one column.

    Attributes:
        title: written above it.
        context: the last known values.
        forecast: of the next steps.
        truth: what happened, None where nobody knows yet.
        low: lower end of the interval, None where there is none.
        high: its upper end.
        baseline: another forecast of the same steps.
    """

    title: str
    context: Float[np.ndarray, " t"]
    forecast: Float[np.ndarray, " k"]
    truth: Float[np.ndarray, " k"] | None = None
    low: Float[np.ndarray, " k"] | None = None
    high: Float[np.ndarray, " k"] | None = None
    baseline: Float[np.ndarray, " k"] | None = None


def plot_forecast(
    examples: Sequence[ForecastExample], *, baseline: str = "seasonal naive"
) -> "Figure":
    """Draw forecasts one below the other, each with its past; step 0 is the last known.

    Args:
        examples: what to draw.
        baseline: the name of the other forecast.

    Example:
        >>> known, ahead = np.sin(np.arange(9.0)), np.sin(np.arange(9.0, 12.0))
        >>> example = ForecastExample("a wave", known, ahead, truth=ahead + 0.1)
        >>> figure = plot_forecast([example])
        >>> [text.get_text() for text in figure.legends[0].get_texts()]
        ['known', 'forecast', 'what happened']
    """
    from jlstm.analysis.plots.plot import Plot

    height = 1.1 + 1.75 * len(examples)
    figure = Plot(figsize=(WIDTH, height), layout="constrained")
    grid = figure.subplots(len(examples), squeeze=False)[:, 0]
    for axes, example in zip(grid, examples, strict=True):
        _draw(axes, example, baseline)
    grid[-1].set_xlabel("steps from the last known value", color=INK)
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside upper left", ncols=3, frameon=False,
        fontsize=10, labelcolor=INK,
    )  # fmt: skip
    return settled(figure)


def step_errors(
    errors: Mapping[str, Float[np.ndarray, " k"]], label: str = "squared error"
) -> "Figure":
    """Draw the mean error of each step of the horizon, a line for each forecast.

    The axis ends above all but the worst line, which may so leave the plot.

    Args:
        errors: the model first, then its baselines.
        label: what the axis says.

    Example:
        >>> figure = step_errors({"LSTM": np.array([0.1, 0.2])})
        >>> figure.axes[0].lines[0].get_xdata().tolist()
        [1, 2]
    """
    from jlstm.analysis.plots.plot import Plot

    figure = Plot(figsize=(WIDTH, 4.2), layout="constrained")
    axes = figure.subplots()
    tidy(axes)
    styles = [(INK, "-", 2.0), *((GREY, dash, 1.3) for dash in ("-", *DASHES))]
    for (name, values), (color, dash, width) in zip(
        errors.items(), itertools.cycle(styles), strict=False
    ):
        steps = np.arange(1, len(values) + 1)
        axes.plot(
            steps,
            values,
            color=color,
            linestyle=dash,
            linewidth=width,
            label=in_legend(name),
        )
    highest = sorted(np.max(values) for values in errors.values())
    axes.set_ylim(0, 1.15 * highest[max(len(highest) - 2, 0)])
    axes.set_xlabel("steps ahead", color=INK)
    axes.set_ylabel(label, color=INK)
    legend = figure.legend(
        loc="outside upper left", frameon=False, fontsize=10, labelcolor=INK
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    return settled(figure)


def _draw(axes: "Axes", example: ForecastExample, baseline: str) -> None:
    tidy(axes)
    past = np.arange(1 - len(example.context), 1)
    ahead = np.arange(len(example.forecast) + 1)

    def joined(values: np.ndarray) -> np.ndarray:
        return np.concatenate([example.context[-1:], values])

    if example.low is not None and example.high is not None:
        axes.fill_between(
            ahead, joined(example.low), joined(example.high), color=BLUE, alpha=0.25,
            linewidth=0, label="90 %",
        )  # fmt: skip
    axes.plot(past, example.context, color=GREY, linewidth=1.2, label="known")
    if example.baseline is not None:
        axes.plot(ahead, joined(example.baseline), color=GREY, linewidth=1.1,
                  linestyle=DASHES[1], label=in_legend(baseline))  # fmt: skip
    axes.plot(ahead, joined(example.forecast), color=BLUE, linewidth=2.2,
              label="forecast")  # fmt: skip
    if example.truth is not None:
        axes.plot(ahead, joined(example.truth), color=INK, linewidth=1.1,
                  label="what happened")  # fmt: skip
    axes.axvline(0, color=GREY, linewidth=0.8)
    axes.set_xlim(past[0], ahead[-1])
    title = axes.set_title(example.title, fontsize=9, color=INK, loc="left")
    title.set_parse_math(False)
