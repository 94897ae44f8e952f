"""Temporal order: in which order two or three signs came, far apart, amid noise.

Source: S. Hochreiter and J. Schmidhuber, "Long Short-Term Memory", Neural Computation
9(8), 1997, section 5.6, experiments 6a (two signs) and 6b (three).
"""

import math

import jax
import jax.numpy as jnp

from jlstm._internal.types import Key
from jlstm.data.synthetic.batch import SyntheticBatch, at_least

_PLACES = {2: ((10, 20), (50, 60)), 3: ((10, 20), (33, 43), (66, 76))}  # per cent
START, END, X, Y, NOISE = 0, 1, 2, 3, 4  # and 5, 6, 7: four kinds of noise
SYMBOLS = 8


def temporal_order(
    key: Key, batch_size: int, *, steps: int = 100, signs: int = 2
) -> SyntheticBatch:
    """Draw the task: lengths of T to 1.1 T, noise with two or three signs X or Y in it.

    The signs come at 10 to 20 and 50 to 60 per cent of T, or at 10 to 20, 33 to 43 and
    66 to 76 per cent: for T = 100 the steps of the paper. The class is the signs read
    as a binary number, X as 0.

    Args:
        key: a random key.
        batch_size: columns.
        steps: T, the shortest length.
        signs: 2 for four classes, 3 for eight.

    Returns:
        ids ``xs`` and ``targets`` of shape ``[1.1 T, b]``; the class is the target at
        the last symbol, ``END``, which alone has weight.

    Raises:
        ValueError: a number is out of range.

    Example:
        >>> batch = temporal_order(jax.random.key(0), batch_size=3)
        >>> batch.xs.shape, batch.weights.sum(0).tolist()
        ((110, 3), [1.0, 1.0, 1.0])
    """
    at_least("steps", steps, 10)
    at_least("batch_size", batch_size, 1)
    if signs not in _PLACES:
        raise ValueError(f"signs must be 2 or 3, got {signs}.")
    keys = jax.random.split(key, 3 + signs)
    longest, shape = steps + steps // 10, (batch_size,)
    lengths = jax.random.randint(keys[0], shape, steps, longest + 1, jnp.int32)
    noise_shape = longest, batch_size
    xs = jax.random.randint(keys[1], noise_shape, NOISE, SYMBOLS, jnp.int32)
    which = jax.random.randint(keys[2], (signs, batch_size), 0, 2, jnp.int32)
    time = jnp.arange(longest, dtype=jnp.int32)[:, None]
    for n, (low, high) in enumerate(_PLACES[signs]):
        first, stop = low * steps // 100, high * steps // 100
        place = jax.random.randint(keys[3 + n], shape, first, stop, jnp.int32)
        xs = jnp.where(time == place[None], X + which[n][None], xs)
    last = time == lengths[None] - 1
    xs = jnp.where(time == 0, START, jnp.where(last, END, xs))
    xs = jnp.where(time < lengths[None], xs, START)
    powers = 2 ** jnp.arange(signs - 1, -1, -1, dtype=jnp.int32)
    classes = (which * powers[:, None]).sum(0, dtype=jnp.int32)
    targets = jnp.where(last, classes[None], 0)
    return SyntheticBatch(xs, targets, last.astype(jnp.float32))


def temporal_order_baseline(*, signs: int = 2) -> float:
    """Return the nats of a guess; its accuracy is one half to the power of ``signs``.

    Example:
        >>> round(temporal_order_baseline(signs=2), 4)
        1.3863
    """
    return signs * math.log(2)
