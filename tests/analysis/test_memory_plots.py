"""The plots of the memory task show the numbers that they were given."""

import numpy as np
import pytest

from jlstm.analysis.plots import (
    LagCurve,
    plot_lags,
    plot_steps,
    seed_curves,
    share_grid,
)


def test_a_name_has_one_style_in_all_panels_and_no_zero_is_drawn():
    rnn = LagCurve(np.array([1.0, 0.1, 0.0]))
    lstm = LagCurve(np.array([0.0, 0.5, 0.4]), family=2)
    other = LagCurve(np.array([0.0, 0.5, 0.3]), family=2)
    left = {"RNN": rnn, "LSTM": lstm, "other": other}
    figure = plot_lags({"by h": left, "by c": {"LSTM": lstm}})
    lines = [{line.get_label(): line for line in a.lines} for a in figure.axes]
    assert list(lines[0]) == ["RNN", "LSTM", "other"] and list(lines[1]) == ["LSTM"]
    first, again = lines[0]["LSTM"], lines[1]["LSTM"]
    assert first.get_color() == again.get_color() != lines[0]["RNN"].get_color()
    dashes = {lines[0][name].get_linestyle() for name in ("LSTM", "other")}
    assert first.get_linestyle() == again.get_linestyle() and len(dashes) == 2
    np.testing.assert_array_equal(lines[0]["RNN"].get_xydata(), [[1, 0.1], [2, np.nan]])


def test_a_place_of_the_grid_has_its_share_and_text():
    shares = np.array([[1.0, np.nan], [0.0, 0.5]])
    texts = [["3/3", ""], ["0/3", "1/2"]]
    figure = share_grid(shares, ["a", "b"], ["50", "100"], texts, label="T")
    axes = figure.axes[0]
    np.testing.assert_array_equal(axes.images[0].get_array().filled(np.nan), shares)
    written = {t.get_position(): t.get_text() for t in axes.texts}
    assert written == {(0, 0): "3/3", (1, 0): "", (0, 1): "0/3", (1, 1): "1/2"}


def test_a_line_alone_has_its_numbers_and_others_their_names():
    alone, pair = np.array([1.0, -0.001, 3.25]), {"a": np.ones(3), "b": np.zeros(3)}
    upper, lower = plot_steps({"c": {"": alone}, "f": pair}, ["x", "y", "z"]).axes
    assert [text.get_text() for text in upper.texts] == ["1", "0", "3.25"]
    np.testing.assert_array_equal(upper.lines[1].get_ydata(), alone)
    assert not lower.texts and upper.get_legend() is None
    assert [t.get_text() for t in lower.get_legend().get_texts()] == ["a", "b"]


@pytest.mark.parametrize(
    ("draw", "line"),
    [
        (lambda: plot_steps({}, []), "there is no line to draw"),
        (
            lambda: plot_steps({"c": {"": np.ones(3)}}, ["a"]),
            r"1 labels for lines of \[3\] steps; give one per step",
        ),
        (lambda: plot_lags({}), "there is no curve to draw"),
        (
            lambda: share_grid(np.eye(2), ["a"], ["b", "c"], [["", ""]], label="T"),
            r"shares of shape \(2, 2\) came with 1 rows and 2 columns",
        ),
        (
            lambda: seed_curves([1, 2], [[0.1]], 0.5, label="loss"),
            r"2 steps came with \[1\] values a seed",
        ),
    ],
)
def test_what_does_not_fit_is_refused(draw, line):
    with pytest.raises(ValueError, match=line):
        draw()
