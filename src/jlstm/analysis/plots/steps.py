"""Values over the steps of a sequence, as lines: what a state holds, and when."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Array, Float

from jlstm.analysis.plots.literal import in_legend
from jlstm.analysis.plots.style import (
    BLUE,
    DASHES,
    GREY,
    INK,
    WIDTH,
    label_steps,
    settled,
    tidy,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Line = Float[Array, " t"] | Float[np.ndarray, " t"]
LOOKS = [(color, dash) for dash in ("-", *DASHES) for color in (INK, BLUE, GREY)]
MOST_NUMBERS = 12
"""Up to so many steps a line that is alone has its numbers written on it."""


def plot_steps(
    panels: Mapping[str, Mapping[str, Line]], labels: Sequence[str]
) -> "Figure":
    """Draw values step by step, a panel below the other, over the same labels.

    A value holds until the next one comes, so a line runs level from step to step. A
    line that is alone in its panel has its numbers on it.

    Args:
        panels: lines by name, by what the panel shows.
        labels: one per step; a space is shown as ␣, a line break as ↵.

    Raises:
        ValueError: there is no line, or not one label per step.

    Example:
        >>> figure = plot_steps({"c": {"unit 3": np.array([1.0, 2.0])}}, ["a", "b"])
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['1', '2']
    """
    from jlstm.analysis.plots.plot import Plot

    lengths = {len(line) for lines in panels.values() for line in lines.values()}
    if not lengths:
        raise ValueError("there is no line to draw; give at least one.")
    if lengths != {len(labels)}:
        raise ValueError(
            f"{len(labels)} labels for lines of {sorted(lengths)} steps; give one per "
            "step."
        )
    figure = Plot(figsize=(WIDTH, 0.8 + 1.3 * len(panels)), layout="constrained")
    rows = figure.subplots(len(panels), sharex=True, squeeze=False)[:, 0]
    for axes, (title, lines) in zip(rows, panels.items(), strict=True):
        _draw_panel(axes, title, lines)
    label_steps(rows[-1], labels)
    return settled(figure)


def _draw_panel(axes: "Axes", title: str, lines: Mapping[str, Line]) -> None:
    tidy(axes)
    axes.axhline(0, color=GREY, linewidth=0.6)
    for number, (name, line) in enumerate(lines.items()):
        color, dash = LOOKS[number % len(LOOKS)]
        values = np.asarray(line, np.float64)
        axes.step(range(len(values)), values, where="mid", color=color, linestyle=dash,
                  linewidth=1.6, label=in_legend(name))  # fmt: skip
    axes.set_ylabel(title, color=INK, fontsize=10)
    axes.margins(y=0.3 if len(lines) == 1 else 0.08)
    if len(lines) > 1:
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False,
                    fontsize=9, labelcolor=INK)  # fmt: skip
    elif len(values) <= MOST_NUMBERS:
        _write_numbers(axes, values)


def _write_numbers(axes: "Axes", values: Float[np.ndarray, " t"]) -> None:
    for step, value in enumerate(values):
        text = f"{round(value, 2) + 0.0:g}"  # never -0
        axes.annotate(text, (step, value), (0, 3), textcoords="offset points",
                      ha="center", fontsize=9, color=INK)  # fmt: skip
