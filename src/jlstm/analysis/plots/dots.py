"""A few numbers for each of several things, as dots on a line."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from jlstm.analysis.plots.style import BLUE, DASHES, GREY, INK, WIDTH, settled, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_dots(
    groups: Mapping[str, Sequence[float]],
    chosen: Mapping[str, float],
    *,
    label: str,
    marked: str | None = None,
    limit: float = math.inf,
) -> "Figure":
    """Draw a line a group from above: its values as rings, the chosen one as a bar.

    Args:
        groups: the values of each.
        chosen: the number of each that counts, such as a mean; none where not finite.
        label: what the values are.
        marked: the group whose chosen number is drawn through all lines.
        limit: larger values stand there as triangles that point beyond the edge.

    Raises:
        ValueError: the two do not name the same groups.

    Example:
        >>> figure = plot_dots({"a": [1.0, 3.0]}, {"a": 2.0}, label="loss")
        >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
        ['a']
    """
    from jlstm.analysis.plots.plot import Plot

    if list(groups) != list(chosen):
        raise ValueError(
            f"groups are {', '.join(groups)} and chosen {', '.join(chosen)}; give the "
            "same names in the same order."
        )
    figure = Plot(figsize=(WIDTH, 1.0 + 0.34 * len(groups)), layout="constrained")
    axes = figure.subplots()
    tidy(axes)
    for place, (name, values) in enumerate(groups.items()):
        for marker, at in (
            ("o", [value for value in values if value <= limit]),
            (">", [limit for value in values if value > limit]),
        ):
            axes.plot(
                at, [place] * len(at), linestyle="none", marker=marker, markersize=6,
                markerfacecolor="none", markeredgecolor=BLUE, markeredgewidth=1.3,
            )  # fmt: skip
        if chosen[name] <= limit and math.isfinite(chosen[name]):
            axes.plot(chosen[name], place, marker="|", markersize=16, color=INK,
                      markeredgewidth=2.2)  # fmt: skip
    if marked in chosen and math.isfinite(chosen[marked]):
        axes.axvline(
            chosen[marked], color=GREY, linewidth=1.0, linestyle=DASHES[0], zorder=0
        )
    axes.set_yticks(range(len(groups)), list(groups))
    axes.set_ylim(len(groups) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(label, color=INK)
    return settled(figure)
