"""The axes of a sweep: the loss over each key that differs, a map of two of them."""

import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from jlstm.analysis.plots import OverlayCurve, plot_dots, plot_overlay, share_grid
from jlstm.cli.comparison.groups import Group
from jlstm.training.report.page import cell_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Drawn = list[tuple[str, "Figure"]]
LOSS = "validation loss"
MOST_AXES, MOST_VALUES = 6, 12
"""So many keys get a plot, and so many values a place in a map or a line of dots."""
ONE = (
    "The validation loss of finished runs over {key}, the mean of the seeds in a band "
    "from the lowest to the highest."
)
LOWEST = (
    "The validation loss over {key}: the lowest mean of the seeds at each value, in a "
    "band over all runs there."
)
EACH = "The validation loss of each combination over {key}."
NAMED = "The validation loss by {key}: each seed of each run, and their mean as a bar."
MAP = "The mean validation loss over {} and {}; light is low, empty was not trained."


class Place(NamedTuple):
    """A group of runs and its losses.

    Attributes:
        told: values of the keys that differ between places, as YAML has them.
        losses: the finite ones of all seeds; there is one at least.
    """

    told: dict[str, str]
    losses: list[float]


def draw_axes(groups: Sequence[Group]) -> Drawn:
    """Return a plot for each key that differs, with two keys a map of both."""
    found = [(dict(g.told), losses) for g in groups if (losses := _losses(g))]
    keys = list(found[0][0]) if found else []
    differ = [key for key in keys if len({told[key] for told, _ in found}) > 1]
    places = [Place({key: told[key] for key in differ}, own) for told, own in found]
    drawn = [plot for key in differ[:MOST_AXES] for plot in _draw_axis(places, key)]
    return drawn + (_draw_map(places, *differ) if len(differ) == 2 else [])


def _losses(group: Group) -> list[float]:
    return [x for x in group.numbers("valid", "loss") if np.isfinite(x)]


def _draw_axis(places: Sequence[Place], key: str) -> Drawn:
    """Return the plot of one key: a line over numbers, dots for names."""
    values = _values(places, key)
    if all(map(_is_number, values)):
        return [_over_numbers(places, key)]
    return [_by_name(places, key)] if len(values) <= MOST_VALUES else []


def _over_numbers(places: Sequence[Place], key: str) -> tuple[str, "Figure"]:
    found: dict[float, list[list[float]]] = {}
    for place in places:
        found.setdefault(float(place.told[key]), []).append(place.losses)
    xs = sorted(found)
    best = [min(map(statistics.fmean, found[x])) for x in xs]
    every = [[loss for losses in found[x] for loss in losses] for x in xs]
    band = list(map(min, every)), list(map(max, every))
    alone = len(places[0].told) == 1
    scattered = not alone and len(xs) > len(places) / 2
    curve = OverlayCurve(xs, best, None if scattered else band)
    figure = plot_overlay({"": {LOSS: curve}}, (key, LOSS))
    if scattered:
        figure.axes[0].lines[0].set(linestyle="", markevery=None)
    _spread(figure.axes[0], xs)
    text = ONE if alone else EACH if scattered else LOWEST
    return text.format(key=key), figure


def _spread(axes: "Axes", xs: Sequence[float]) -> None:
    """Have an axis hold its numbers and little more; a wide range is logarithmic."""
    if xs[0] > 0 and xs[-1] / xs[0] >= 10:
        axes.set_xscale("log")
        edge = (xs[-1] / xs[0]) ** 0.05
        axes.set_xlim(xs[0] / edge, xs[-1] * edge)
    else:
        edge = 0.05 * (xs[-1] - xs[0])
        axes.set_xlim(xs[0] - edge, xs[-1] + edge)


def _by_name(places: Sequence[Place], key: str) -> tuple[str, "Figure"]:
    found: dict[str, list[float]] = {}
    for place in places:
        found.setdefault(place.told[key], []).extend(place.losses)
    means = {name: statistics.fmean(losses) for name, losses in found.items()}
    return NAMED.format(key=key), plot_dots(found, means, label=LOSS)


def _draw_map(places: Sequence[Place], down: str, along: str) -> Drawn:
    """Return a map of two keys, unless most of its places are empty."""
    rows, columns = (_values(places, key) for key in (down, along))
    large = max(len(rows), len(columns)) > MOST_VALUES
    if large or 2 * len(places) < len(rows) * len(columns):
        return []
    means = np.full((len(rows), len(columns)), np.nan)
    for told, losses in places:
        at = rows.index(told[down]), columns.index(told[along])
        means[at] = statistics.fmean(losses)
    texts = [["" if np.isnan(x) else cell_text(float(x)) for x in r] for r in means]
    width = np.nanmax(means) - np.nanmin(means) or 1.0
    light = (np.nanmax(means) - means) / width
    figure = share_grid(light, rows, columns, texts, label=along, side=down)
    return [(MAP.format(down, along), figure)]


def _values(places: Sequence[Place], key: str) -> list[str]:
    """Return the values of a key: numbers from low to high, names as they come."""
    values = list(dict.fromkeys(place.told[key] for place in places))
    return sorted(values, key=float) if all(map(_is_number, values)) else values


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
