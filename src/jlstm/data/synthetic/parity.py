"""Parity: whether the ones of a bit string are odd in number.

Source: the length-generalization protocol of G. Delétang et al., "Neural Networks and
the Chomsky Hierarchy", 2023, arXiv:2207.02098: train on lengths up to 40, test on 41 to
500. Train on all short lengths together; on one length alone it is hardly ever found.
"""

import math

import jax
import jax.numpy as jnp

from jlstm._internal.types import Key
from jlstm.data.synthetic.batch import SyntheticBatch, at_least


def parity(
    key: Key, batch_size: int, *, longest: int, shortest: int = 1, every: bool = False
) -> SyntheticBatch:
    """Draw bit strings, their lengths uniform from ``shortest`` to ``longest``.

    Args:
        key: a random key.
        batch_size: columns.
        longest: length of the longest string.
        shortest: length of the shortest one.
        every: give weight to the parity so far at every step, not only at the last one:
            much easier, and to be said next to a result.

    Returns:
        ids ``xs`` (bits, 0 after the end) and ``targets`` of shape ``[longest, b]``.

    Raises:
        ValueError: a number is out of range.

    Example:
        >>> batch = parity(jax.random.key(0), batch_size=4, longest=8, shortest=8)
        >>> bool((batch.xs.sum(0) % 2 == batch.targets[-1]).all())
        True
    """
    at_least("batch_size", batch_size, 1)
    at_least("shortest", shortest, 1)
    at_least("longest", longest, shortest)
    bits_key, lengths_key = jax.random.split(key)
    shape = (batch_size,)
    lengths = jax.random.randint(lengths_key, shape, shortest, longest + 1, jnp.int32)
    bits = jax.random.randint(bits_key, (longest, batch_size), 0, 2, jnp.int32)
    time = jnp.arange(longest, dtype=jnp.int32)[:, None]
    within = time < lengths[None]
    xs = jnp.where(within, bits, 0)
    counted = within if every else time == lengths[None] - 1
    odd = jnp.cumsum(xs, axis=0, dtype=jnp.int32) % 2
    return SyntheticBatch(xs, jnp.where(counted, odd, 0), counted.astype(jnp.float32))


def parity_baseline() -> float:
    """Return the nats of a guess; its accuracy is one half.

    Example:
        >>> round(parity_baseline(), 4)
        0.6931
    """
    return math.log(2)
