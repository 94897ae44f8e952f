"""The plot of an attention shows the numbers and the words that it was given."""

import numpy as np
import pytest

from jlstm.analysis.plots import plot_attention


def test_rows_are_written_words_and_columns_those_of_the_source():
    weights = np.array([[0.1, 0.9], [0.7, 0.3], [0.0, 1.0]])
    figure = plot_attention(weights, ["ein", "Hund"], ["a", "$dog", "<eos>"])
    axes = figure.axes[0]
    (image,) = axes.images
    np.testing.assert_array_equal(image.get_array(), weights)
    assert image.get_clim() == (0, 1)
    assert [text.get_text() for text in axes.get_xticklabels()] == ["ein", "Hund"]
    assert [text.get_text() for text in axes.get_yticklabels()][1] == "$dog"
    assert not axes.get_yticklabels()[1].get_parse_math()


def test_there_is_a_word_for_every_row_and_column():
    with pytest.raises(ValueError, match="came with 1 written words and 2 of the"):
        plot_attention(np.ones((2, 2)), ["ein", "Hund"], ["a"])
