"""Plots of sounds draw the numbers that they are given."""

import numpy as np

from jlstm.analysis.plots import error_curves, plot_log_mels, plot_utterance

FEATURES = np.random.default_rng(0).normal(size=(12, 4))


def test_an_utterance_has_its_features_above_its_probabilities():
    shares = np.array(
        [[0.9, 0.1, 0.0], [0.1, 0.9, 0.0], [0.3, 0.7, 0.0], [0.4, 0.0, 0.6]]
    )
    names = ["", "$a", "b"]
    figure = plot_utterance(FEATURES, shares, names, hop=0.1, step=0.3)
    upper, lower = figure.axes
    np.testing.assert_array_equal(upper.images[0].get_array(), FEATURES.T)
    assert upper.images[0].get_extent()[:2] == [0, 12 * 0.1]
    blank, *others = lower.lines
    np.testing.assert_array_equal(blank.get_ydata(), shares[:, 0])
    assert [line.get_ydata().tolist() for line in others] == [
        shares[:, 1].tolist(),
        shares[:, 2].tolist(),
    ]
    np.testing.assert_allclose(blank.get_xdata(), [0.15, 0.45, 0.75, 1.05])
    labels = [
        (text.get_text(), round(text.get_position()[0], 2)) for text in lower.texts
    ]
    assert labels == [("$a", 0.45), ("b", 1.05)]


def test_sounds_share_one_time_scale():
    sounds = [(str(n), FEATURES[: n + 2]) for n in range(7)]
    figure = plot_log_mels(sounds, hop=0.01)
    drawn = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in drawn] == [str(n) for n in range(7)]
    assert {axes.get_xlim() for axes in drawn} == {(0.0, 0.08)}
    assert sum(not axes.axison for axes in figure.axes) == 3


def test_errors_are_in_percent():
    figure = error_curves([10, 20], {"one": [0.5, 0.25], "two": [0.4, 0.0]}, "errors")
    one, two = figure.axes[0].lines
    assert one.get_xydata().tolist() == [[10, 50], [20, 25]]
    assert two.get_xydata().tolist() == [[10, 40], [20, 0]]
    assert error_curves([1], {"none": [0.0]}, "errors").axes[0].get_ylim() == (0, 1)
