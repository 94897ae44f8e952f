r"""Counting languages: :math:`a^n b^n` and :math:`a^n b^n c^n`, symbol by symbol.

At each step every symbol that may come next is to be named. A string counts as accepted
if that is right at all of its steps: a single wrong count is a wrong string.

Source: F. Gers and J. Schmidhuber, "LSTM Recurrent Networks Learn Simple Context-Free
and Context-Sensitive Languages", 2001.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Integer

from jlstm._internal.types import Key
from jlstm.data.synthetic.batch import SyntheticBatch, at_least

EDGE = 0  # begins a string, and ends it


def counting(
    key: Key, batch_size: int, *, longest: int, letters: int = 2, shortest: int = 1
) -> SyntheticBatch:
    """Draw strings with n uniform from ``shortest`` to ``longest``.

    Args:
        key: a random key.
        batch_size: columns.
        longest: the largest n.
        letters: 2 for a and b, 3 for a, b and c.
        shortest: the smallest n, at least 1.

    Returns:
        as ``counting_strings``.

    Raises:
        ValueError: a number is out of range.
    """
    at_least("batch_size", batch_size, 1)
    at_least("shortest", shortest, 1)
    at_least("longest", longest, shortest)
    n = jax.random.randint(key, (batch_size,), shortest, longest + 1, jnp.int32)
    return counting_strings(n, longest=longest, letters=letters)


def counting_strings(
    n: Integer[jax.Array, " b"], *, longest: int, letters: int = 2
) -> SyntheticBatch:
    """Return the strings of given n, from 1 to ``longest``: for testing at each.

    Args:
        n: how often each letter comes, a column each.
        longest: the largest n that fits.
        letters: 2 for a and b, 3 for a, b and c.

    Returns:
        ids ``xs`` of shape ``[letters * longest + 1, b]``: ``EDGE``, then the letters
        from 1; ``targets`` ``[.., b, letters + 1]``: 1 for each symbol that may come
        next. While the first letter lasts, that is it and the second one.

    Raises:
        ValueError: a number is out of range.

    Example:
        >>> batch = counting_strings(jnp.array([2]), longest=2)
        >>> batch.xs[:, 0].tolist()
        [0, 1, 1, 2, 2]
        >>> batch.targets[:, 0].astype(int).tolist()
        [[0, 1, 0], [0, 1, 1], [0, 1, 1], [0, 0, 1], [1, 0, 0]]
    """
    at_least("longest", longest, 1)
    if letters not in (2, 3):
        raise ValueError(f"letters must be 2 or 3, got {letters}.")
    time = jnp.arange(letters * longest + 1, dtype=jnp.int32)[:, None]
    n = n.astype(jnp.int32)[None]
    within = time <= letters * n
    # Symbol t of a string is the letter of its place among n's; place 0 is the edge.
    xs = jnp.where(within, (time + n - 1) // n, EDGE)
    following = jnp.where(time < letters * n, time // n + 1, EDGE)
    targets = jax.nn.one_hot(following, letters + 1, dtype=jnp.float32)
    # Within the first letter nobody can know n: it and the second one may come.
    both = jax.nn.one_hot(jnp.int32([1, 2]), letters + 1, dtype=jnp.float32).sum(0)
    targets = jnp.where((xs == 1)[..., None], both[None, None], targets)
    targets = jnp.where(within[..., None], targets, 0)
    return SyntheticBatch(xs, targets, within.astype(jnp.float32))


def counting_baseline(longest: int, *, letters: int = 2, shortest: int = 1) -> float:
    """Return the share of steps that the current symbol alone gets right.

    Each letter but the first has one step, its last, where something else comes. It is
    high, and yet nearly every string has a wrong step: report the share of strings.

    Example:
        >>> counting_baseline(longest=10)
        0.9166...
    """
    sizes = range(shortest, longest + 1)
    steps = sum(letters * n + 1 for n in sizes)
    # A letter is followed by itself n - 1 times a string, and once by another symbol.
    wrong = (letters - 1) * min(len(sizes), sum(n - 1 for n in sizes))
    return 1 - wrong / steps
