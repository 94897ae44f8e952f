"""Plots of decisions: the confusion matrix and the words that moved them."""

import numpy as np
import pytest

from jlstm.analysis.plots import (
    Passage,
    figure_to_svg,
    plot_confusion,
    plot_words,
)


def test_a_cell_has_its_count_and_the_shade_of_its_share():
    figure = plot_confusion(np.array([[9, 1], [0, 30]]), ("bad", "good"))
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["9", "1", "30"]
    np.testing.assert_allclose(axes.images[0].get_array(), [[0.9, 0.1], [0, 1]])
    assert [text.get_text() for text in axes.get_yticklabels()] == ["bad", "good"]


def test_every_class_needs_a_name():
    with pytest.raises(ValueError, match="1 names for 2 classes; give one per class"):
        plot_confusion(np.zeros((2, 2), int), ["bad"])


def test_words_for_are_filled_and_words_against_framed():
    words, scores = ("a", "$5", "rose", "is"), np.array([2.0, -1.0, 0.5, 0.01])
    figure = plot_words([Passage("title", words, scores)])
    boxes = figure.axes[0].patches
    assert [box.get_fill() for box in boxes] == [True, False, True]
    assert [box.get_alpha() for box in boxes[::2]] == [0.75, 0.1875]
    assert boxes[1].get_linewidth() == 1.0
    assert "$5" in figure_to_svg(figure)


def test_a_long_text_goes_on_in_the_next_line():
    words = ("word",) * 60
    figure = plot_words([Passage("a", words, np.zeros(60))] * 2)
    texts = figure.axes[0].texts
    right = [text.get_position()[0] for text in texts]
    heights = {text.get_position()[1] for text in texts}
    assert max(right) < figure.axes[0].get_xlim()[1] and len(heights) > 8
    assert not figure.axes[0].patches


@pytest.mark.parametrize(("count", "numbers", "names"), [(4, 4, 4), (300, 0, 38)])
def test_of_many_classes_the_shades_are_drawn(count, numbers, names):
    figure = plot_confusion(np.eye(count, dtype=int), [f"c{n}" for n in range(count)])
    axes = figure.axes[0]
    assert len(axes.texts) == numbers
    shown = [text.get_text() for text in axes.get_yticklabels()]
    assert len(shown) == names and shown[1] == f"c{round(count / names)}"
