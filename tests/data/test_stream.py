"""Token streams: nothing lost, nothing copied, targets are the next inputs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlstm.data.share import own
from jlstm.data.stream import StreamPart, TokenStream
from jlstm.data.variable_bptt import VariedStream

sizes = dict(
    extra=st.integers(0, 90), batch=st.integers(1, 5), window=st.integers(1, 7)
)


def make(extra, batch, window, **options):
    """A stream over distinct tokens, at least two in each row."""
    return TokenStream(np.arange(2 * batch + extra), batch, window, **options)


@given(**sizes)
def test_windows_joined_are_the_streams(extra, batch, window):
    stream = make(extra, batch, window)
    length = len(stream.tokens) // batch
    rows = stream.tokens[: batch * length].reshape(batch, length)
    inputs = np.concatenate([w.inputs for w in stream])
    targets = np.concatenate([w.targets for w in stream])
    np.testing.assert_array_equal(inputs, rows[:, :-1].T)
    np.testing.assert_array_equal(targets, rows[:, 1:].T)


@given(**sizes)
def test_every_token_but_the_first_is_predicted_once(extra, batch, window):
    stream = make(extra, batch, window)
    targets = np.concatenate([w.targets.ravel() for w in stream])
    firsts = stream.streams[:, 0]
    cut = len(stream.tokens) - len(stream.tokens) % batch
    want = np.setdiff1d(stream.tokens[:cut], firsts)
    np.testing.assert_array_equal(np.sort(targets), want)
    assert stream.num_predictions == len(targets) == cut - batch
    assert len(stream.tokens) - cut < batch


@given(**sizes)
def test_only_the_last_window_is_shorter(extra, batch, window):
    shapes = [w.inputs.shape for w in make(extra, batch, window)]
    assert all(shape == (window, batch) for shape in shapes[:-1])
    assert 1 <= shapes[-1][0] <= window


@given(**sizes)
def test_drop_last_leaves_out_the_shorter_window(extra, batch, window):
    whole = make(extra + batch * (window + 1), batch, window)
    even = TokenStream(whole.tokens, batch, window, drop_last=True)
    assert len(even) == (len(whole.tokens) // batch - 1) // window
    assert even.num_predictions == len(even) * batch * window
    for got, want in zip(even, whole, strict=False):
        np.testing.assert_array_equal(got.inputs, want.inputs)
        np.testing.assert_array_equal(got.targets, want.targets)


@given(place=st.integers(0, 5), **sizes)
def test_a_stream_resumes_from_one_integer(place, extra, batch, window):
    stream = make(extra, batch, window)
    place = min(place, len(stream))
    resumed = [stream[i] for i in range(place, len(stream))]
    for got, want in zip(resumed, list(stream)[place:], strict=True):
        np.testing.assert_array_equal(got.inputs, want.inputs)


def test_streams_are_a_view_and_windows_a_copy():
    tokens = np.arange(1003, dtype=np.uint16)
    stream = TokenStream(tokens, 10, 7)
    assert np.shares_memory(stream.streams, tokens)
    assert stream.streams.shape == (10, 100)
    assert not np.shares_memory(stream[3].inputs, tokens)
    assert stream[3].inputs.dtype == stream[3].targets.dtype == np.int32


def test_a_memory_map_stays_on_disk(tmp_path):
    np.arange(1003, dtype=np.uint16).tofile(tmp_path / "ids")
    tokens = np.memmap(tmp_path / "ids", np.uint16, "r")
    stream = TokenStream(tokens, 10, 7)
    assert np.shares_memory(stream.streams, tokens)
    np.testing.assert_array_equal(stream[1].targets[0], np.arange(8, 1000, 100))


def test_window_count_of_ptb():
    ptb = np.zeros(929_589, np.uint16)
    assert len(TokenStream(ptb, 20, 20)) == 2324
    assert len(TokenStream(ptb, 20, 20, drop_last=True)) == 2323  # as TensorFlow's
    assert TokenStream(np.zeros(82_430, np.uint16), 1, 35).num_predictions == 82_429


@pytest.mark.parametrize("i", [-1, 3, 99])
def test_windows_beyond_the_end(i):
    stream = TokenStream(np.arange(7), 1, 2)
    with pytest.raises(IndexError, match=f"window {i} of 3: count from 0"):
        stream[i]


@pytest.mark.parametrize(
    ("n", "drop_last", "message"),
    [
        (0, False, "0 tokens are too few for one window: batch_size=4 streams of 2 "),
        (7, False, "7 tokens are too few for one window: batch_size=4 streams of 2 "),
        (23, True, "23 tokens are too few for one window: batch_size=4 streams of 6 "),
    ],
)
def test_too_few_tokens(n, drop_last, message):
    with pytest.raises(ValueError) as error:
        TokenStream(np.arange(n), 4, 5, drop_last)
    assert str(error.value).startswith(message)
    assert str(error.value).endswith("Give a longer text or a smaller batch_size.")


@pytest.mark.parametrize("field", ["batch_size", "window"])
def test_numbers_out_of_range(field):
    options = {"batch_size": 2, "window": 2, field: 0}
    with pytest.raises(ValueError, match=f"^{field} must be at least 1, got 0.$"):
        TokenStream(np.arange(9), **options)


def test_a_strided_corpus_would_be_copied():
    with pytest.raises(ValueError) as error:
        TokenStream(np.arange(20)[::2], 2, 2)
    assert str(error.value).startswith("tokens must be one contiguous axis, got shape")


@pytest.mark.parametrize(("first", "count"), [(0, 2), (2, 3), (3, 9), (100, 4)])
def test_a_part_of_the_windows_goes_on_at_the_beginning(first, count):
    stream = TokenStream(np.arange(24), 2, 4)  # 3 windows: of 4, 4 and 3 steps
    part = StreamPart(stream, first, count)
    want = [stream[(first + k) % 3] for k in range(count)]
    for ours, theirs in zip(part, want, strict=True):
        np.testing.assert_array_equal(ours.inputs, theirs.inputs)
        np.testing.assert_array_equal(ours.targets, theirs.targets)
    assert part.num_predictions == sum(one.targets.size for one in want)
    with pytest.raises(IndexError, match=f"window {count} of {count}: count from 0"):
        part[count]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_each_process_reads_its_own_streams(count):
    whole = make(extra=40, batch=6, window=3)
    for batches in (whole, StreamPart(whole, 1, 4), VariedStream(whole, (5, 2))):
        parts = [own(batches, (rank, count)) for rank in range(count)]
        for number, wanted in enumerate(batches):
            for one, found in zip(
                wanted, zip(*(p[number] for p in parts), strict=True), strict=True
            ):
                np.testing.assert_array_equal(sum(found), one)
