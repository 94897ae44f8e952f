"""Generated tasks: right by their definition, and what a guess scores."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm.data import synthetic
from jlstm.data.synthetic import SyntheticBatch, memoryless_accuracy

COUNT = 4_000


@functools.cache
def drawn(function, **options):
    """Return a large batch, drawn inside jit, as numpy."""
    call = functools.partial(function, batch_size=COUNT, **options)
    return SyntheticBatch(*map(np.asarray, jax.jit(call)(jax.random.key(1))))


cached = {
    "adding": lambda: drawn(synthetic.adding, steps=20),
    "adding_1997": lambda: drawn(synthetic.adding_1997, steps=100),
    "copying": lambda: drawn(synthetic.copying, delay=7, length=3),
    "order": lambda: drawn(synthetic.temporal_order),
    "order of three": lambda: drawn(synthetic.temporal_order, signs=3),
    "parity": lambda: drawn(synthetic.parity, longest=9),
    "counting": lambda: drawn(synthetic.counting, longest=6, letters=3),
    "dyck": lambda: drawn(synthetic.dyck, kinds=2, longest=8),
}


@pytest.mark.parametrize("name", cached)
def test_shapes_and_empty_targets(name):
    xs, targets, weights = cached[name]()
    assert xs.shape[:2] == targets.shape[:2] == weights.shape
    assert weights.shape[1] == COUNT
    assert weights.dtype == np.float32
    assert xs.dtype == (np.float32 if "adding" in name else np.int32)
    assert set(np.unique(weights)) <= {0, 1}
    assert (weights.sum(0) >= 1).all()
    assert not targets[weights == 0].any()


def test_a_batch_is_that_of_its_key_also_under_vmap():
    keys = jax.random.split(jax.random.key(0), 2)
    draw = functools.partial(synthetic.dyck, batch_size=3, kinds=2, longest=6)
    both = jax.jit(jax.vmap(draw))(keys)
    draw = jax.jit(draw)
    for n, key in enumerate(jax.random.clone(keys)):
        for one, many in zip(draw(key), both, strict=True):
            np.testing.assert_array_equal(one, many[n])
    assert not np.array_equal(both.xs[0], both.xs[1])


def test_adding_is_the_sum_of_one_number_in_each_half():
    xs, targets, weights = cached["adding"]()
    numbers, marks = np.moveaxis(xs, -1, 0)
    np.testing.assert_array_equal(marks[:10].sum(0), 1)
    np.testing.assert_array_equal(marks[10:].sum(0), 1)
    np.testing.assert_allclose(targets[-1], (numbers * marks).sum(0), rtol=1e-6)
    assert (weights[-1] == 1).all()
    assert weights.sum() == COUNT
    assert np.mean((targets[-1] - 1) ** 2) == pytest.approx(1 / 6, rel=0.05)
    assert synthetic.adding_baseline() == 1 / 6


def test_adding_of_1997():
    xs, targets, weights = cached["adding_1997"]()
    numbers, marks = np.moveaxis(xs, -1, 0)
    lengths = weights.argmax(0) + 1
    assert (lengths.min(), lengths.max()) == (100, 110)
    np.testing.assert_array_equal((marks == 1).sum(0), 2)
    drawn = [np.flatnonzero(column == 1) for column in marks.T]
    assert max(first for first, _ in drawn) == 9
    assert max(second for _, second in drawn) == 48  # the first T/2 - 1 pairs
    starts = marks[0] == 1
    assert (marks[0][~starts] == -1).all()
    assert not numbers[0][starts].any()
    assert 0.08 < starts.mean() < 0.15
    np.testing.assert_array_equal(marks[lengths - 1, np.arange(COUNT)], -1)
    wanted = 0.5 + (numbers * (marks == 1)).sum(0) / 4
    found = targets[lengths - 1, np.arange(COUNT)]
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert -1 <= numbers.min() < -0.99
    baseline = synthetic.adding_1997_baseline(100)
    assert np.mean((found - 0.5) ** 2) == pytest.approx(baseline, rel=0.06)


def test_copying_repeats_after_the_sign():
    xs, targets, weights = cached["copying"]()
    assert len(xs) == 7 + 2 * 3
    np.testing.assert_array_equal(targets[-3:], xs[:3])
    assert not targets[:-3].any()
    np.testing.assert_array_equal(xs[3 + 7 - 1], 9)
    assert not np.delete(xs[3:], 6, axis=0).any()
    assert (xs[:3].min(), xs[:3].max()) == (1, 8)
    assert weights.all()
    # Blanks are sure, symbols are guessed among eight.
    nats = (3 * np.log(8)) / len(xs)
    assert synthetic.copying_baseline(7, length=3) == pytest.approx(nats)
    assert round(synthetic.copying_baseline(1_000), 4) == 0.0204


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("order", ((10, 20), (50, 60))),
        ("order of three", ((10, 20), (33, 43), (66, 76))),
    ],
)
def test_temporal_order_is_that_of_the_signs(name, places):
    xs, targets, weights = cached[name]()
    signs = (xs == 2) | (xs == 3)
    np.testing.assert_array_equal(signs.sum(0), len(places))
    at = np.stack([np.flatnonzero(column) for column in signs.T])
    for n, (low, high) in enumerate(places):
        assert set(at[:, n]) == set(range(low, high))
    last = weights.argmax(0)
    columns = np.arange(COUNT)
    assert (last.min(), last.max()) == (99, 109)
    np.testing.assert_array_equal(xs[last, columns], 1)
    np.testing.assert_array_equal(xs[0], 0)
    digits = xs[at.T, columns] - 2
    classes = targets[last, columns]
    np.testing.assert_array_equal(classes, 2 ** np.arange(len(places))[::-1] @ digits)
    shares = np.bincount(classes) / COUNT
    assert len(shares) == 2 ** len(places)
    baseline = synthetic.temporal_order_baseline(signs=len(places))
    assert -np.log(shares).mean() == pytest.approx(baseline, rel=0.01)


def test_parity():
    xs, targets, weights = cached["parity"]()
    lengths = weights.argmax(0) + 1
    assert set(lengths) == set(range(1, 10))
    found = targets[lengths - 1, np.arange(COUNT)]
    np.testing.assert_array_equal(found, xs.sum(0) % 2)
    assert np.mean(found) == pytest.approx(0.5, abs=0.03)
    assert synthetic.parity_baseline() == pytest.approx(np.log(2))
    every = drawn(synthetic.parity, longest=9, every=True)
    np.testing.assert_array_equal(every.xs, xs)
    np.testing.assert_array_equal(every.weights.sum(0), lengths)
    wanted = np.where(every.weights > 0, np.cumsum(xs, 0) % 2, 0)
    np.testing.assert_array_equal(every.targets, wanted)


@pytest.mark.parametrize("letters", [2, 3])
def test_counting_strings_are_the_language(letters):
    batch = synthetic.counting_strings(jnp.arange(1, 5), longest=4, letters=letters)
    for column, n in enumerate(range(1, 5)):
        string = [0, *(k for k in range(1, letters + 1) for _ in range(n))]
        steps = len(string)
        assert np.asarray(batch.weights)[:, column].tolist() == [
            *[1] * steps,
            *[0] * (letters * (4 - n)),
        ]
        assert np.asarray(batch.xs)[:steps, column].tolist() == string
        for now, after, legal in zip(
            string, [*string[1:], 0], np.asarray(batch.targets)[:, column], strict=False
        ):
            wanted = {1, 2} if now == 1 else {after}
            assert set(np.flatnonzero(legal)) == wanted


@pytest.mark.parametrize("letters", [2, 3])
def test_baseline_of_counting_is_what_no_memory_scores(letters):
    batch = synthetic.counting_strings(jnp.arange(1, 11), longest=10, letters=letters)
    baseline = synthetic.counting_baseline(10, letters=letters)
    assert memoryless_accuracy(batch) == pytest.approx(baseline)


def test_counting_draws_every_n():
    batch = cached["counting"]()
    n = (batch.weights.sum(0) - 1) / 3
    assert set(n) == set(range(1, 7))


def test_dyck_strings_close_what_they_open():
    xs, targets, weights = cached["dyck"]()
    for string, legal, length in zip(
        xs.T[:500], targets.swapaxes(0, 1), weights.sum(0).astype(int), strict=False
    ):
        stack = []
        for symbol, next_ones in zip(string[:length], legal, strict=False):
            if symbol <= 2:
                stack.append(symbol)
            else:
                assert stack.pop() == symbol - 2
            closing = {stack[-1] + 1} if stack else set()
            assert set(np.flatnonzero(next_ones)) == {0, 1} | closing
        assert not stack
        assert not string[length:].any()
    assert set(weights.sum(0)) == {2, 4, 6, 8}
    assert 0.4 < memoryless_accuracy(SyntheticBatch(xs, targets, weights)) < 0.9


def test_dyck_strings_of_a_length_are_equally_likely():
    batch = drawn(synthetic.dyck, kinds=1, longest=8, shortest=8)
    _, counts = np.unique(batch.xs.T, axis=0, return_counts=True)
    assert len(counts) == 14  # the fourth Catalan number
    assert np.abs(counts / COUNT * 14 - 1).max() < 0.25


KEY = jax.random.key(0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: synthetic.adding(KEY, 1, 1), "steps must be at least 2, got 1."),
        (
            lambda: synthetic.adding_1997(KEY, 1, 20),
            "steps must be at least 24, got 20.",
        ),
        (lambda: synthetic.copying(KEY, 1, 0), "delay must be at least 1, got 0."),
        (
            lambda: synthetic.temporal_order(KEY, 1, signs=4),
            "signs must be 2 or 3, got 4.",
        ),
        (
            lambda: synthetic.parity(KEY, 1, longest=3, shortest=4),
            "longest must be at least 4, got 3.",
        ),
        (
            lambda: synthetic.counting(KEY, 1, longest=3, letters=4),
            "letters must be 2 or 3, got 4.",
        ),
        (
            lambda: synthetic.dyck(KEY, 1, kinds=1, longest=7),
            "longest and shortest must be even, got 7 and 2.",
        ),
        (
            lambda: synthetic.dyck(KEY, 0, kinds=1, longest=8),
            "batch_size must be at least 1, got 0.",
        ),
    ],
)
def test_what_is_wrong_is_said(make, message):
    with pytest.raises(ValueError) as error:
        make()
    assert str(error.value) == message
