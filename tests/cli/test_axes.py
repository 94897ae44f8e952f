"""The axes of a sweep: which plots there are, and what stands in them."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from jlstm.cli.comparison.axes import draw_axes
from jlstm.cli.comparison.groups import groups_of
from jlstm.cli.comparison.runs import Run


def runs(loss, **axes):
    """Return a run for each combination of values, but where its loss is None."""
    found = []
    for values in itertools.product(*axes.values()):
        config = dict(zip(axes, values, strict=True))
        if (scored := loss(**config)) is not None:
            result = {"valid": {"loss": scored}}
            name = str(len(found))
            found.append(Run(Path(name), name, config, [], result))
    return found


def drawn(found):
    return draw_axes(groups_of(found))


def test_two_keys_have_a_plot_each_and_a_map():
    found = runs(lambda a, b: a + 10 * b, a=[1.0, 2.0, 3.0], b=[0.5, 0.1])
    (over_a, one), (_, two), (text, grid) = drawn(found)
    assert over_a.startswith("The validation loss over a: the lowest mean")
    assert list(one.axes[0].lines[0].get_ydata()) == [2.0, 3.0, 4.0]
    assert list(two.axes[0].lines[0].get_ydata()) == [2.0, 6.0]
    assert text.startswith("The mean validation loss over a and b")
    axes = grid.axes[0]
    places = [each.get_text() for each in axes.texts]
    assert places == ["2.0000", "6.0000", "3.0000", "7.0000", "4.0000", "8.0000"]
    assert (axes.get_xlabel(), axes.get_title(loc="left")) == ("b", "a")
    light = np.asarray(axes.images[0].get_array())
    assert light[0, 0] == 1.0 and light[2, 1] == 0.0


@pytest.mark.parametrize(
    ("axes", "loss", "texts"),
    [
        # Names, not numbers: dots.
        (
            {"cell": ["LSTMCell", "GRUCell"]},
            lambda cell: float(len(cell)),
            ["by cell:"],
        ),
        # Most places are empty, as after a random search: no map, no lines.
        (
            {"a": [1.0, 2.0, 3.0, 4.0], "b": [1.0, 2.0, 3.0, 4.0]},
            lambda a, b: a if a == b else None,
            ["each combination over a", "each combination over b"],
        ),
        # One value is left of a key: nothing to draw over it.
        (
            {"a": [1.0, 2.0], "b": [1.0, 1e30]},
            lambda a, b: a if b == 1.0 else float("nan"),
            ["over a, the mean of the seeds"],
        ),
        # Nothing has a loss.
        ({"a": [1.0, 2.0]}, lambda a: float("inf"), []),
    ],
)
def test_what_is_drawn_fits_what_was_tried(axes, loss, texts):
    found = [text for text, _ in drawn(runs(loss, **axes))]
    assert len(found) == len(texts)
    assert all(want in text for want, text in zip(texts, found, strict=True))


def test_what_is_scattered_has_no_line():
    found = runs(
        lambda a, b: a if a == b else None, a=[1.0, 2.0, 3.0], b=[1.0, 2.0, 3.0]
    )
    line = drawn(found)[0][1].axes[0].lines[0]
    assert line.get_linestyle() == "None" and line.get_markevery() is None
    assert list(line.get_xdata()) == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("values", "scale", "edges"),
    [([0.001, 0.1], "log", (5e-4, 0.2)), ([-1.0, 3.0], "linear", (-1.5, 3.5))],
)
def test_an_axis_holds_its_numbers_and_little_more(values, scale, edges):
    [(_, figure)] = drawn(runs(lambda a: a, a=values))
    low, high = figure.axes[0].get_xlim()
    assert figure.axes[0].get_xscale() == scale
    assert edges[0] < low < values[0] and values[1] < high < edges[1]
