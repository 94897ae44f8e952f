"""Adding: the sum of two marked numbers, one early and one late.

There are two tasks of this name, and their errors are not comparable. ``adding`` is the
one in use since Le, Jaitly and Hinton 2015 (arXiv:1504.00941); ``adding_1997`` is
experiment 4 of Hochreiter and Schmidhuber 1997.
"""

import jax
import jax.numpy as jnp

from jlstm._internal.types import Key
from jlstm.data.synthetic.batch import SyntheticBatch, at_least

_FIRST = 10  # the first marked pair of 1997 is among so many


def adding(key: Key, batch_size: int, steps: int) -> SyntheticBatch:
    """Draw the modern task: numbers in [0, 1), a mark 1 in each half, their sum.

    Args:
        key: a random key.
        batch_size: columns.
        steps: length of every sequence.

    Returns:
        ``xs`` of shape ``[t, b, 2]``: numbers and marks; ``targets`` ``[t, b]``: the
        sum at the last step, which alone has weight.

    Raises:
        ValueError: a number is out of range.

    Example:
        >>> batch = adding(jax.random.key(0), batch_size=3, steps=50)
        >>> batch.xs.shape, (batch.xs[..., 0] * batch.xs[..., 1]).sum(0).shape
        ((50, 3, 2), (3,))
    """
    at_least("steps", steps, 2)
    at_least("batch_size", batch_size, 1)
    numbers_key, early_key, late_key = jax.random.split(key, 3)
    numbers = jax.random.uniform(numbers_key, (steps, batch_size), jnp.float32)
    half, shape = steps // 2, (batch_size,)
    early = jax.random.randint(early_key, shape, 0, half, jnp.int32)
    late = jax.random.randint(late_key, shape, half, steps, jnp.int32)
    marks = (_at(early, steps) + _at(late, steps)).astype(jnp.float32)
    sums = (numbers * marks).sum(0)
    last = _at(jnp.full(shape, steps - 1, jnp.int32), steps).astype(jnp.float32)
    xs = jnp.stack([numbers, marks], axis=-1)
    return SyntheticBatch(xs, last * sums[None], last)


def adding_baseline() -> float:
    """Return the squared error of always answering 1, of ``adding``.

    Example:
        >>> round(adding_baseline(), 4)
        0.1667
    """
    return 1 / 6


def adding_1997(key: Key, batch_size: int, steps: int) -> SyntheticBatch:
    """Draw the task of 1997: lengths of T to 1.1 T, numbers in [-1, 1), marks -1, 0, 1.

    One of the first ten pairs is marked 1, then one of the first T/2 - 1 that is not
    marked yet. The first and last pairs are marked -1; a first pair that was drawn is
    marked 1 and its number is 0. The target is 0.5 + (X1 + X2) / 4, and an answer is
    right within 0.04.

    Args:
        key: a random key.
        batch_size: columns.
        steps: T, the shortest length.

    Returns:
        ``xs`` of shape ``[1.1 T, b, 2]``, zeros after the end; ``targets`` have weight
        at the last step of each sequence.

    Raises:
        ValueError: a number is out of range.

    Source: S. Hochreiter and J. Schmidhuber, "Long Short-Term Memory", Neural
    Computation 9(8), 1997, section 5.4.

    Example:
        >>> adding_1997(jax.random.key(0), batch_size=3, steps=100).xs.shape
        (110, 3, 2)
    """
    at_least("steps", steps, 2 * _FIRST + 4)
    at_least("batch_size", batch_size, 1)
    keys = jax.random.split(key, 4)
    longest, shape = steps + steps // 10, (batch_size,)
    lengths = jax.random.randint(keys[0], shape, steps, longest + 1, jnp.int32)
    first = jax.random.randint(keys[1], shape, 0, _FIRST, jnp.int32)
    second = jax.random.randint(keys[2], shape, 0, steps // 2 - 2, jnp.int32)
    second = second + (second >= first).astype(jnp.int32)  # not the first one again
    bounds = jnp.float32(-1), jnp.float32(1)
    numbers = jax.random.uniform(keys[3], (longest, batch_size), jnp.float32, *bounds)
    within = _before(lengths, longest)
    drawn = _at(first, longest) | _at(second, longest)
    last = _at(lengths - 1, longest)
    start = _at(jnp.zeros(shape, jnp.int32), longest)
    numbers = jnp.where(within & ~(drawn & start), numbers, 0)
    marks = jnp.where(drawn, 1.0, jnp.where(start | last, -1.0, 0.0))
    marks = marks.astype(jnp.float32)
    answer = 0.5 + jnp.where(drawn, numbers, 0).sum(0) / 4
    weights = last.astype(jnp.float32)
    xs = jnp.stack([numbers, marks], axis=-1)
    return SyntheticBatch(xs, weights * answer[None], weights)


def adding_1997_baseline(steps: int) -> float:
    """Return the squared error of always answering 0.5, of ``adding_1997``.

    Each number that is not set to 0 adds its variance, 1/3, over 16.

    Example:
        >>> round(adding_1997_baseline(steps=100), 4)
        0.0392
    """
    first_is_start = 1 / _FIRST
    second_is_start = (1 - first_is_start) / (steps // 2 - 2)
    return (2 - first_is_start - second_is_start) / 48


def _at(places: jax.Array, steps: int) -> jax.Array:
    """Return which step of each column is its place."""
    return jnp.arange(steps, dtype=jnp.int32)[:, None] == places[None]


def _before(ends: jax.Array, steps: int) -> jax.Array:
    """Return which steps of each column are before its end."""
    return jnp.arange(steps, dtype=jnp.int32)[:, None] < ends[None]
