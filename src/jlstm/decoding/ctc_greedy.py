"""The most likely class of each step, read without repetitions and blanks."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from jlstm._internal.labels import (
    check_blank,
    check_no_nan,
    check_scores,
    lengths_or_all,
)
from jlstm._internal.tree import zero_unless
from jlstm.masking import steps_within


class Decoded(NamedTuple):
    """What was recognized.

    Attributes:
        symbols: of each row, filled up with -1.
        lengths: how many symbols.
        scores: log-probabilities in nats: of the path for greedy decoding, of the
            symbols, by all paths that the search kept, for beam search.
    """

    symbols: Int[Array, "n *b"]
    lengths: Int[Array, "*b"]
    scores: Float[Array, "*b"]


def ctc_greedy_decode(
    logits: Float[Array, "t b v"],
    lengths: Int[Array, " b"] | None = None,
    *,
    blank: int = 0,
) -> Decoded:
    """Take the most likely path, and read it: first repetitions go, then blanks.

    Args:
        logits: unnormalised log-probabilities, time first.
        lengths: steps of each row; all of them by default.
        blank: the class that stands for no symbol.

    Raises:
        TypeError: an array has another dtype.
        ValueError: a shape does not fit, a number is out of range, or a known logit
            is NaN in a step that counts.

    Example:
        >>> path = jnp.array([1, 1, 0, 1, 2, 2])
        >>> found = ctc_greedy_decode(9 * jax.nn.one_hot(path, 3)[:, None])
        >>> found.symbols[:, 0].tolist(), found.lengths.tolist()
        ([1, 1, 2, -1, -1, -1], [3])
    """
    check_scores("logits", logits, axes=3)
    steps, rows, classes = logits.shape
    check_blank(blank, classes)
    lengths = lengths_or_all("lengths", lengths, (rows,), steps)
    live = steps_within(lengths, steps)
    check_no_nan("logits", zero_unless(live, logits))
    path = jnp.argmax(logits, axis=-1).astype(jnp.int32)
    before = jnp.concatenate([jnp.full_like(path[:1], blank), path[:-1]])
    # A repetition of the blank before the first step is a blank, so it goes as well.
    kept = live & (path != blank) & (path != before)
    place = jnp.where(kept, jnp.cumsum(kept, axis=0, dtype=jnp.int32) - 1, steps)
    empty = jnp.full_like(path, -1)
    columns = jax.lax.broadcasted_iota(jnp.int32, path.shape, 1)
    symbols = empty.at[place, columns].set(path, mode="drop")
    best = jnp.max(jax.nn.log_softmax(logits, axis=-1), axis=-1)
    scores = jnp.sum(zero_unless(live, best), axis=0)
    return Decoded(symbols, jnp.sum(kept, axis=0, dtype=jnp.int32), scores)
