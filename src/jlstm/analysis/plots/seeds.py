"""A number of several seeds over the updates, next to the one to be reached."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from jlstm.analysis.plots.style import BLUE, DASHES, GREY, INK, WIDTH, settled, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def seed_curves(
    steps: Sequence[int],
    seeds: Sequence[Sequence[float]],
    goal: float,
    *,
    label: str,
    log: bool = False,
) -> "Figure":
    """Draw one line per seed, the last value of each marked, and the goal dashed.

    Args:
        steps: updates before each value.
        seeds: the values of each seed.
        goal: what is asked for.
        label: what the axis says.
        log: draw the values on a logarithmic scale, as a falling loss needs.

    Raises:
        ValueError: a seed has not one value for each of the steps.

    Example:
        >>> figure = seed_curves([1, 2], [[0.5, 0.1], [0.4, 0.2]], 0.15, label="loss")
        >>> len(figure.axes[0].lines)
        3
    """
    from jlstm.analysis.plots.plot import Plot

    if any(len(values) != len(steps) for values in seeds):
        lengths = [len(values) for values in seeds]
        raise ValueError(f"{len(steps)} steps came with {lengths} values a seed.")
    figure = Plot(figsize=(WIDTH, 3.2), layout="constrained")
    axes = figure.subplots()
    tidy(axes)
    for values in seeds:
        axes.plot(steps, values, color=BLUE, linewidth=1.3, marker=".", markevery=[-1])
    axes.axhline(goal, color=GREY, linewidth=1.2, linestyle=DASHES[0])
    axes.set_yscale("log" if log else "linear")
    axes.set_ylabel(label, color=INK)
    axes.set_xlabel("updates", color=INK)
    axes.set_xlim(left=0)
    return settled(figure)
