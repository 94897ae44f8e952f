"""Plots of music and of a comparison show the numbers that they are given."""

import math

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from jlstm.analysis.plots import plot_dots, plot_roll
from jlstm.analysis.plots.roll import notes_of
from jlstm.analysis.plots.style import INK

ROLL = np.zeros((6, 88), np.uint8)
ROLL[0:2, 39] = ROLL[4:6, 39] = ROLL[1:3, 43] = 1


def test_each_note_is_a_bar_and_what_was_given_is_dark():
    axes = plot_roll(ROLL, opening=2).axes[0]
    bars = [c.get_paths()[0].get_extents().bounds for c in axes.collections]
    assert bars == [(0, 38.5, 2, 1), (4, 38.5, 2, 1), (1, 42.5, 2, 1)]
    colors = [tuple(c.get_facecolor()[0][:3]) for c in axes.collections]
    assert [color == to_rgb(INK) for color in colors] == [True, False, True]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["C4"]


def test_notes_make_up_the_roll():
    roll = (np.random.default_rng(0).random((30, 88)) < 0.4).astype(np.uint8)
    again = np.zeros_like(roll)
    for key, start, length in notes_of(roll):
        assert not again[start : start + length, key].any()
        again[start : start + length, key] = 1
    np.testing.assert_array_equal(again, roll)


def test_a_silent_roll_is_refused():
    with pytest.raises(ValueError, match="The roll is silent"):
        plot_roll(np.zeros((3, 88), np.uint8))


def test_dots_are_the_values_and_bars_the_chosen_ones():
    groups = {"a": [1.0, 2.0], "b": [], "c": [4.0]}
    chosen = {"a": 1.5, "b": math.inf, "c": 4.0}
    axes = plot_dots(groups, chosen, label="nats", marked="c").axes[0]
    rings = [line for line in axes.lines if line.get_marker() == "o"]
    assert [line.get_xdata().tolist() for line in rings] == [[1.0, 2.0], [], [4.0]]
    bars = [line for line in axes.lines if line.get_marker() == "|"]
    assert [(*line.get_xdata(), *line.get_ydata()) for line in bars] == [
        (1.5, 0),
        (4.0, 2),
    ]
    assert axes.get_ylim() == (2.5, -0.5)


def test_what_is_beyond_the_limit_stands_at_the_edge():
    groups, chosen = {"a": [1.0, 5.0], "b": [9.0]}, {"a": 3.0, "b": 9.0}
    axes = plot_dots(groups, chosen, label="nats", limit=4.0).axes[0]
    drawn = [(line.get_marker(), *line.get_xdata()) for line in axes.lines]
    assert drawn == [("o", 1.0), (">", 4.0), ("|", 3.0), ("o",), (">", 4.0)]


def test_other_names_are_refused():
    with pytest.raises(ValueError, match="groups are a and chosen b"):
        plot_dots({"a": []}, {"b": 1.0}, label="x")
