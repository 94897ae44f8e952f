"""Windows of varying length cover a corpus once, in another order each epoch."""

import numpy as np
import pytest

from jlstm.data import TokenStream
from jlstm.data.variable_bptt import VariedStream, draw_lengths, shuffled

TOKENS = np.arange(3 * 401)
STREAM = TokenStream(TOKENS, batch_size=3, window=20)


def test_every_epoch_predicts_each_token_once():
    lengths = draw_lengths(STREAM.steps, 20, 4.0, 0.2)
    for epoch in (1, 2):
        windows = list(VariedStream(STREAM, shuffled(lengths, epoch)))
        targets = np.concatenate([window.targets for window in windows])
        inputs = np.concatenate([window.inputs for window in windows])
        np.testing.assert_array_equal(targets, TOKENS.reshape(3, 401).T[1:])
        np.testing.assert_array_equal(inputs, TOKENS.reshape(3, 401).T[:-1])
    assert targets.size == VariedStream(STREAM, shuffled(lengths, 1)).num_predictions


def test_epochs_have_the_same_lengths_in_another_order():
    lengths = draw_lengths(400, 20, 4.0)
    first, second = shuffled(lengths, 1), shuffled(lengths, 2)
    assert first != second and sorted(first) == sorted(second) == sorted(lengths)
    assert first == shuffled(lengths, 1)


def test_lengths_are_drawn_as_the_paper_draws_them():
    lengths = draw_lengths(200_000, 70, 5.0)
    assert sum(lengths) == 200_000
    short = lengths < 52
    assert abs(short.mean() - 0.05) < 0.01
    assert abs(lengths[~short].mean() - 70) < 0.5
    assert abs(lengths[~short].std() - np.hypot(5, 5 / 12**0.5)) < 0.3
    assert abs(lengths[short].mean() - 35) < 2
    assert np.all(lengths[:-1] % 5 == 0) and len(set(lengths[:-1])) < 20
    assert draw_lengths(100, 7, 5.0).min() >= 1


def test_a_window_that_is_not_there_is_refused():
    stream = VariedStream(STREAM, (400,))
    with pytest.raises(IndexError, match="window 1 of 1"):
        stream[1]
    with pytest.raises(ValueError, match="1 windows have 399 steps together; give"):
        VariedStream(STREAM, (399,))
