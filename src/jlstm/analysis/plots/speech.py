"""Sounds as log-mel plots, what a network hears in them, and how often it errs."""

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from jlstm.analysis.plots.style import BLUE, DASHES, GREY, INK, WIDTH, settled, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_utterance(
    features: Float[np.ndarray, "t x"],
    probabilities: Float[np.ndarray, "s k"],
    symbols: Sequence[str],
    *,
    hop: float,
    step: float,
    unit: str = "seconds",
) -> "Figure":
    """Draw the features of an utterance, and the probability of each class below.

    Args:
        features: of its frames.
        probabilities: of its steps; class 0 is the blank, drawn dotted.
        symbols: the name of each class; it is written over its peaks.
        hop: from a frame to the next.
        step: from a step to the next.
        unit: of both.

    Example:
        >>> shares = np.array([[0.9, 0.1], [0.2, 0.8], [0.9, 0.1]])
        >>> figure = plot_utterance(np.eye(6), shares, ["", "a"], hop=0.1, step=0.2)
        >>> [text.get_text() for text in figure.axes[1].texts]
        ['a']
    """
    from jlstm.analysis.plots.plot import Plot

    figure = Plot(figsize=(WIDTH, 3.8), layout="constrained")
    upper, lower = figure.subplots(2, sharex=True, height_ratios=[2, 1.5])
    _draw_features(upper, features, hop)
    upper.set_ylabel("band", color=INK)
    _draw_shares(lower, probabilities, symbols, step)
    lower.set_xlabel(unit, color=INK)
    upper.set_xlim(0, len(features) * hop)
    return settled(figure)


def plot_log_mels(
    sounds: Sequence[tuple[str, np.ndarray]], hop: float, columns: int = 5
) -> "Figure":
    """Draw the features of several short sounds side by side, on one time scale.

    Args:
        sounds: title and features ``t x`` of each.
        hop: seconds from a frame to the next.
        columns: plots in a row.

    Example:
        >>> figure = plot_log_mels([("one", np.eye(4)), ("two", np.eye(9))], 0.01)
        >>> [axes.get_title() for axes in figure.axes[:2]]
        ['one', 'two']
    """
    from jlstm.analysis.plots.plot import Plot

    rows = -(-len(sounds) // columns)
    figure = Plot(figsize=(WIDTH, 0.6 + 1.5 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes in grid.flat[len(sounds) :]:
        axes.set_axis_off()
    for axes, (title, features) in zip(grid.flat, sounds, strict=False):
        _draw_features(axes, features, hop)
        axes.set_title(title, fontsize=9, color=INK)
    grid[0, 0].set_xlim(0, hop * max(len(features) for _, features in sounds))
    figure.supxlabel("seconds", fontsize=10, color=INK)
    figure.supylabel("band", fontsize=10, color=INK)
    return settled(figure)


def error_curves(
    steps: Sequence[int], errors: Mapping[str, Sequence[float]], label: str
) -> "Figure":
    """Draw an error in percent over the updates, a line for each way to decode.

    Args:
        steps: updates before each value.
        errors: shares, by what they are called.
        label: what the axis says.

    Example:
        >>> figure = error_curves([1, 2], {"greedy": [0.5, 0.25]}, "errors (%)")
        >>> figure.axes[0].lines[0].get_ydata().tolist()
        [50.0, 25.0]
    """
    from jlstm.analysis.plots.plot import Plot

    figure = Plot(figsize=(WIDTH, 3.2), layout="constrained")
    axes = figure.subplots()
    tidy(axes)
    styles = itertools.cycle([(INK, "-"), (BLUE, DASHES[0]), (GREY, DASHES[1])])
    for (name, shares), (color, dash) in zip(errors.items(), styles, strict=False):
        values = 100 * np.asarray(shares)
        axes.plot(steps, values, color=color, linestyle=dash, marker=".", label=name)
    top = 100 * max(np.quantile(shares, 0.9) for shares in errors.values())
    axes.set_ylim(0, 1.3 * top or 1)
    axes.set_xlim(left=0)
    axes.set_xlabel("updates", color=INK)
    axes.set_ylabel(label, color=INK)
    axes.legend(frameon=False, labelcolor=INK)
    return settled(figure)


def _draw_features(
    axes: "Axes", features: Float[np.ndarray, "t x"], hop: float
) -> None:
    tidy(axes)
    low, high = np.quantile(features, [0.01, 0.99])
    axes.imshow(
        features.T,
        "cividis",
        aspect="auto",
        origin="lower",
        interpolation="none",
        extent=(0, len(features) * hop, 0.5, features.shape[1] + 0.5),
        vmin=low,
        vmax=high,
    )


def _draw_shares(
    axes: "Axes",
    probabilities: Float[np.ndarray, "s k"],
    symbols: Sequence[str],
    step: float,
) -> None:
    tidy(axes)
    time = step * (np.arange(len(probabilities)) + 0.5)
    axes.plot(time, probabilities[:, 0], color=GREY, linewidth=1, linestyle=":")
    for number in range(1, len(symbols)):
        shares = probabilities[:, number]
        if shares.max() < 0.05:
            continue
        axes.plot(time, shares, color=BLUE, linewidth=1.3)
        for peak in _peaks(shares):
            place = time[peak], shares[peak] + 0.04
            text = axes.text(*place, symbols[number], ha="center")
            text.set(color=INK, fontsize=10, parse_math=False)
    axes.set_ylim(0, 1.25)
    axes.set_yticks([0, 0.5, 1])
    axes.set_ylabel("probability", color=INK)


def _peaks(shares: Float[np.ndarray, " s"]) -> list[int]:
    """Return where each run above one third is highest."""
    above = np.flatnonzero(shares > 1 / 3)
    runs = np.split(above, np.flatnonzero(np.diff(above) > 1) + 1)
    return [int(run[np.argmax(shares[run])]) for run in runs if len(run)]
