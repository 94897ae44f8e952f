"""Splits: what is held out, and that char-rnn's is char-rnn's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlstm.data.split import char_rnn_split, tail_split
from jlstm.data.stream import TokenStream


def char_rnn_batches(data, batch_size, seq_length):
    """char-rnn's x and y batches, after CharSplitLMMinibatchLoader.lua."""
    data = data[: len(data) // (batch_size * seq_length) * batch_size * seq_length]
    following = np.append(data[1:], data[:1])
    columns = data.reshape(batch_size, -1), following.reshape(batch_size, -1)
    count = columns[0].shape[1] // seq_length
    return [[np.hsplit(c, count)[i] for c in columns] for i in range(count)]


@given(st.integers(20, 200), st.sampled_from([0.1, 0.25]), st.sampled_from([0.0, 0.1]))
def test_tail_parts_joined_are_the_text(n, valid_fraction, test_fraction):
    ids = np.arange(n, dtype=np.uint8)
    parts = tail_split(ids, valid_fraction, test_fraction)
    given = [part for part in parts if part is not None]
    np.testing.assert_array_equal(np.concatenate(given), ids)
    assert len(given) == (3 if test_fraction else 2)
    assert abs(len(parts[1]) - n * valid_fraction) <= 1
    assert all(np.shares_memory(part, ids) for part in given)


def test_tail_of_shakespeare_length():
    train, valid, test = tail_split(np.zeros(1_115_394, np.uint8), 0.1)
    assert (len(train), len(valid), test) == (1_003_854, 111_540, None)


@given(
    n=st.integers(60, 250),
    streams=st.integers(1, 4),
    window=st.integers(1, 5),
    test_fraction=st.sampled_from([0.0, 0.3]),
)
def test_char_rnn_windows_are_char_rnn_batches(n, streams, window, test_fraction):
    ids = np.random.default_rng(n).integers(0, 250, n).astype(np.uint8)
    parts = char_rnn_split(ids, 0.3, test_fraction, streams=streams, window=window)
    windows = [
        batch
        for part in parts
        if part is not None
        for batch in TokenStream(part, streams, window)
    ]
    batches = char_rnn_batches(ids, streams, window)
    assert len(windows) == len(batches)
    for (inputs, targets), (x, y) in zip(windows, batches, strict=True):
        np.testing.assert_array_equal(inputs, x.T)
        np.testing.assert_array_equal(targets, y.T)


def test_char_rnn_counts_of_shakespeare():
    train, valid, test = char_rnn_split(np.zeros(1_115_394, np.uint8), 0.05)
    assert len(TokenStream(train, 50, 50)) == 423
    assert len(TokenStream(valid, 50, 50)) == 23
    assert test is None


def test_char_rnn_counts_with_a_test_part():
    ids = np.zeros(100 * 6, np.uint8)
    parts = char_rnn_split(ids, 0.15, 0.1, streams=3, window=2)
    assert [len(TokenStream(part, 3, 2)) for part in parts] == [75, 15, 10]


@pytest.mark.parametrize("fractions", [(0.1, 0.0), (0.1, 0.1), (0.3, 0.01)])
def test_text_too_short_for_a_tail(fractions):
    with pytest.raises(ValueError) as error:
        tail_split(np.zeros(10, np.uint8), *fractions)
    assert str(error.value).startswith("A text of 10 tokens leaves ")
    assert str(error.value).endswith("give a longer text or other fractions.")


@pytest.mark.parametrize(("n", "windows"), [(0, 0), (49, 0), (99, 1), (149, 2)])
def test_text_too_short_for_char_rnn(n, windows):
    with pytest.raises(ValueError) as error:
        char_rnn_split(np.zeros(n, np.uint8), 0.1, 0.1, streams=5, window=10)
    assert str(error.value).startswith(
        f"{n} tokens make {windows} windows of 10 in 5 streams, too few "
    )
