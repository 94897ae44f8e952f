"""Copying: repeat a list of symbols after a long delay.

Source: S. Hochreiter and J. Schmidhuber 1997; in this form M. Arjovsky, A. Shah and
Y. Bengio, "Unitary Evolution Recurrent Neural Networks", 2016, arXiv:1511.06464.
"""

import math

import jax
import jax.numpy as jnp

from jlstm._internal.types import Key
from jlstm.data.synthetic.batch import SyntheticBatch, at_least


def copying(
    key: Key, batch_size: int, delay: int, *, symbols: int = 8, length: int = 10
) -> SyntheticBatch:
    """Draw the task: ``length`` symbols, blanks, a sign to begin, blanks.

    Id 0 is the blank, 1 to ``symbols`` are what is to be remembered, ``symbols + 1`` is
    the sign, which comes ``delay`` steps after the last symbol. Targets are blanks,
    then the symbols; all steps have weight.

    Args:
        key: a random key.
        batch_size: columns.
        delay: T, at least 1.
        symbols: how many different ones.
        length: how many to remember.

    Returns:
        ids ``xs`` and ``targets`` of shape ``[delay + 2 length, b]``.

    Raises:
        ValueError: a number is out of range.

    Example:
        >>> batch = copying(jax.random.key(0), 1, delay=3, length=2)
        >>> batch.xs[:, 0].tolist()[2:], batch.targets[:, 0].tolist()[:5]
        ([0, 0, 9, 0, 0], [0, 0, 0, 0, 0])
    """
    at_least("batch_size", batch_size, 1)
    at_least("delay", delay, 1)
    at_least("symbols", symbols, 2)
    at_least("length", length, 1)
    shape = length, batch_size
    what = jax.random.randint(key, shape, 1, symbols + 1, jnp.int32)
    blanks = jnp.zeros((delay + length, batch_size), jnp.int32)
    sign = jnp.full((1, batch_size), symbols + 1, jnp.int32)
    xs = jnp.concatenate([what, blanks[: delay - 1], sign, blanks[:length]])
    targets = jnp.concatenate([blanks, what])
    return SyntheticBatch(xs, targets, jnp.ones(xs.shape, jnp.float32))


def copying_baseline(delay: int, *, symbols: int = 8, length: int = 10) -> float:
    """Return the nats per step of blanks and then guesses: what no memory scores.

    Example:
        >>> round(copying_baseline(delay=100), 4)
        0.1733
    """
    return length * math.log(symbols) / (delay + 2 * length)
