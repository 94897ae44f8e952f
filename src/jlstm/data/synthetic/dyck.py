"""Dyck languages: brackets of k kinds that close in the right order.

At each step every bracket that may come next is to be named: all that open, and the one
that closes the last open one. With one kind counting is enough; with two a stack is
needed.

Source: M. Suzgun et al., "LSTM Networks Can Perform Dynamic Counting", 2019,
arXiv:1906.03648.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Float32, Int32

from jlstm._internal.types import Key
from jlstm.data.synthetic.batch import SyntheticBatch, at_least


def dyck(
    key: Key, batch_size: int, *, kinds: int, longest: int, shortest: int = 2
) -> SyntheticBatch:
    """Draw strings whose lengths are uniform over the even numbers of a range.

    Of one length each shape of brackets within brackets is as likely as any other, and
    so is each kind. A model without memory scores ``memoryless_accuracy``.

    Args:
        key: a random key.
        batch_size: columns.
        kinds: k, how many kinds of brackets.
        longest: length of the longest string, even.
        shortest: length of the shortest one, even.

    Returns:
        ids ``xs`` of shape ``[longest, b]``: 1 to k open, k + 1 to 2 k close, 0 is
        after the end; ``targets`` ``[longest, b, 2 k]``: 1 for each bracket that may
        come next, the opening ones first.

    Raises:
        ValueError: a number is out of range.

    Example:
        >>> batch = dyck(jax.random.key(0), 4, kinds=2, longest=8)
        >>> opened, closed = (batch.xs > 0) & (batch.xs < 3), batch.xs > 2
        >>> bool((opened.sum(0) == closed.sum(0)).all())
        True
    """
    at_least("batch_size", batch_size, 1)
    at_least("kinds", kinds, 1)
    at_least("shortest", shortest, 2)
    at_least("longest", longest, shortest)
    if longest % 2 or shortest % 2:
        raise ValueError(
            f"longest and shortest must be even, got {longest} and {shortest}."
        )
    keys = jax.random.split(key, 3)
    shape = (batch_size,)
    pairs = jax.random.randint(
        keys[0], shape, shortest // 2, longest // 2 + 1, jnp.int32
    )
    chances = jax.random.uniform(keys[1], (longest, batch_size), jnp.float32)
    kind = jax.random.randint(keys[2], (longest, batch_size), 0, kinds, jnp.int32)
    time = jnp.arange(longest, dtype=jnp.int32)
    many = jax.vmap(_string, in_axes=(0, 1, 1, None, None), out_axes=1)
    xs, tops = many(2 * pairs, chances, kind, time, kinds)
    within = time[:, None] < 2 * pairs[None]
    opening = jnp.ones((longest, batch_size, kinds), jnp.float32)
    closing = jax.nn.one_hot(tops, kinds, dtype=jnp.float32)  # all 0 for -1, none open
    targets = jnp.concatenate([opening, closing], axis=-1)
    targets = jnp.where(within[..., None], targets, 0)
    return SyntheticBatch(xs, targets, within.astype(jnp.float32))


def _string(
    length: Int32[jax.Array, ""],
    chances: Float32[jax.Array, " t"],
    kind: Int32[jax.Array, " t"],
    time: Int32[jax.Array, " t"],
    kinds: int,
) -> tuple[Int32[jax.Array, " t"], Int32[jax.Array, " t"]]:
    """Return one string, and the kind on top of the stack after each symbol."""

    def step(carry, now):
        stack, depth = carry
        at, chance, new = now
        left = length - at
        opens = chance < _opening(depth, left)
        symbol = jnp.where(opens, new + 1, stack[depth - 1] + kinds + 1)
        # What lies above the top is never read before it is written.
        stack = jnp.where(opens, stack.at[depth].set(new), stack)
        depth = depth + jnp.where(opens, 1, -1)
        ended = left <= 0
        depth = jnp.where(ended, 0, depth)
        top = jnp.where(depth > 0, stack[depth - 1], -1)
        return (stack, depth), (jnp.where(ended, 0, symbol), top)

    stack = jnp.zeros(len(time) // 2 + 1, jnp.int32)
    _, out = jax.lax.scan(step, (stack, jnp.int32(0)), (time, chances, kind))
    return out


def _opening(
    depth: Int32[jax.Array, ""], left: Int32[jax.Array, ""]
) -> Float32[jax.Array, ""]:
    """Return the share of ways to end at depth 0 in ``left`` steps that open now.

    It is a ratio of two ballot numbers, and makes all strings equally likely.
    """
    d, n = depth.astype(jnp.float32), jnp.maximum(left, 1).astype(jnp.float32)
    return (d + 2) / (d + 1) * (n - d) / (2 * n)
