"""Search for a likely sequence: greedy, or several hypotheses a row (beam search).

Any model takes part that can say what comes next: a ``step`` as
:mod:`jlstm.decoding.sample` has it.
Every search is one compiled loop, which stops when all rows have ended.
"""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from jlstm._internal.arrays import check_array
from jlstm._internal.labels import check_integers
from jlstm._internal.tree import align
from jlstm._internal.types import Carry, DType, accumulator_dtype
from jlstm.decoding.sample import (
    NOTHING,
    Step,
    check_drawn,
    check_kind,
    check_number,
    is_count,
    most_likely,
)


class Search(NamedTuple):
    """How a sequence is searched for.

    Attributes:
        beams: hypotheses kept a row.
        alpha: of the length penalty ``((5 + length) / 6) ** alpha``, which divides the
            log-probability of a finished hypothesis; 0 is none, more favours longer
            ones. Source: Wu et al., 2016, "Google's neural machine translation system"
            (arXiv:1609.08144), section 7, without the coverage penalty.
        limit: tokens of a hypothesis at most, the end token included.
    """

    beams: int = 5
    alpha: float = 1.0
    limit: int = 60

    def check(self) -> None:
        """Raise ValueError where a value is out of range."""
        for name in ("beams", "limit"):
            if not is_count(getattr(self, name)):
                raise ValueError(f"{name} is {getattr(self, name)}; give 1 or more.")
        check_number("alpha", self.alpha)
        if not 0 <= self.alpha < math.inf:
            raise ValueError(f"alpha is {self.alpha}; give 0 or more.")


class Beams(NamedTuple):
    """Hypotheses of each row, the best first; those that ended before those cut off.

    Attributes:
        tokens: with the end token; 0 after it, and -1 where the score is NaN.
        scores: log-probability divided by the length penalty; -inf for no hypothesis.
        finished: whether it ended; else it was cut off at the limit.
    """

    tokens: Int[Array, "t b k"]
    scores: Float[Array, "b k"]
    finished: Bool[Array, "b k"]


class _State(NamedTuple):
    """Where a beam search is: hypotheses that go on, and those that have ended."""

    time: Int[Array, ""]
    carry: Carry
    tokens: Int[Array, "t b k"]
    scores: Float[Array, "b k"]
    done: Beams


def greedy_search(
    step: Step, carry: Carry, first: Int[Array, "*b"], end: int, limit: int
) -> Int[Array, "t *b"]:
    """Take the most likely token each time, up to ``end`` or ``limit`` tokens.

    Args:
        step: consumes one token per row.
        carry: before the first token.
        first: what is fed first, such as ``<bos>``.
        end: the token after which a row is over.
        limit: tokens at most, ``end`` included.

    Returns:
        The tokens with ``end``, and 0 after it.

    Raises:
        TypeError, ValueError: ``first`` holds no tokens, a number is out of range, or
            logits became NaN. Inside ``jax.jit``, where that is not known, such a row
            ends in -1.

    Example:
        >>> count = lambda carry, token: (carry, jax.nn.one_hot((token + 1) % 5, 5))
        >>> greedy_search(count, (), jnp.array([2, 0]), end=4, limit=6).T.tolist()
        [[3, 4, 0, 0, 0, 0], [1, 2, 3, 4, 0, 0]]
    """
    Search(limit=limit).check()
    check_array("first", first)
    check_integers("first", first, first.shape, "one token per row")
    first = first.astype(jnp.int32)
    _check_end(step, carry, first, end)

    def going(state: tuple) -> Bool[Array, ""]:
        time, _, _, _, over = state
        return (time < limit) & ~jnp.all(over)

    def advance(state: tuple) -> tuple:
        time, carry, token, tokens, over = state
        carry, logits = step(carry, token)
        token = jnp.where(over, 0, most_likely(logits))
        over = over | (token == end) | (token == NOTHING)
        return time + 1, carry, token, tokens.at[time].set(token), over

    tokens = jnp.zeros((limit, *first.shape), jnp.int32)
    over = jnp.zeros(first.shape, bool)
    start = jnp.zeros((), jnp.int32), carry, first, tokens, over
    tokens = jax.lax.while_loop(going, advance, start)[3]
    check_drawn(tokens)
    return tokens


def beam_search(
    step: Step, carry: Carry, first: Int[Array, " b"], end: int, search: Search
) -> Beams:
    """Keep the most likely hypotheses of each row, and those that have ended.

    A hypothesis ends when ``end`` is among the most likely ``beams`` continuations, and
    is then kept aside, ranked by its score. A row is over when ``beams`` hypotheses
    have ended. One beam is greedy search; as many as there are sequences find the best
    one of all.

    Args:
        step: consumes one token a hypothesis: tokens are ``(b, k)``, and every leaf of
            its carry has these two axes in front.
        carry: before the first token; every leaf begins with the axis ``b``.
        first: what is fed first, such as ``<bos>``.
        end: the token after which a hypothesis is over.
        search: how to search.

    Raises:
        TypeError, ValueError: ``first`` holds no tokens, a number is out of range, or
            logits became NaN, where that is known.

    Example:
        >>> count = lambda carry, token: (carry, jax.nn.one_hot((token + 1) % 5, 5))
        >>> beams = beam_search(count, (), jnp.array([2]), 4, Search(beams=2, limit=4))
        >>> beams.tokens[:, 0, 0].tolist(), beams.finished[0, 0].item()
        ([3, 4, 0, 0], True)
    """
    check_kind("search", search, Search)
    search.check()
    check_array("first", first)
    if first.ndim != 1:
        raise ValueError(
            f"first has shape {first.shape}; give one token per row, of shape (b,)."
        )
    check_integers("first", first, first.shape, "one token per row")

    def going(state: _State) -> Bool[Array, ""]:
        return (state.time < search.limit) & ~jnp.all(state.done.finished)

    def advance(state: _State) -> _State:
        before = jnp.maximum(state.time - 1, 0)
        given = jnp.broadcast_to(first[:, None], state.scores.shape).astype(jnp.int32)
        last = jnp.where(state.time == 0, given, state.tokens[before])
        carry, logits = step(state.carry, last)
        return _extend(state, carry, jax.nn.log_softmax(logits), end, search)

    start = _start(step, carry, first.shape[0], end, search)
    found = _ranked(jax.lax.while_loop(going, advance, start), search)
    check_drawn(found.tokens[..., 0])
    return found


def length_penalty(
    length: Int[Array, "*b"], alpha: float, dtype: Any = jnp.float32
) -> Float[Array, "*b"]:
    """Return what divides the log-probability of a hypothesis of ``length`` tokens.

    Example:
        >>> length_penalty(jnp.array([1, 7]), alpha=1.0).tolist()
        [1.0, 2.0]
    """
    return ((5 + length.astype(dtype)) / 6) ** alpha


def _check_end(step: Step, carry: Carry, tokens: Array, end: int) -> DType:
    """Require an end token that can come; return the dtype of the logits."""
    if isinstance(end, bool) or not isinstance(end, int | np.integer):
        raise TypeError(f"end is {end!r}; give the number of a token.")
    logits = jax.eval_shape(step, carry, tokens)[1]
    if not 0 <= end < logits.shape[-1]:
        raise ValueError(
            f"end is {end}; step gives logits of the tokens 0 to "
            f"{logits.shape[-1] - 1}: no sequence would ever end."
        )
    return logits.dtype


def _check_rows(carry: Carry, rows: int) -> None:
    for leaf in jax.tree.leaves(carry):
        if jnp.shape(leaf)[:1] != (rows,):
            raise ValueError(
                f"carry has a leaf of shape {jnp.shape(leaf)}; first has {rows} rows: "
                "give leaves that begin with this axis."
            )


def _start(step: Step, carry: Carry, rows: int, end: int, search: Search) -> _State:
    """Return one empty hypothesis a row: all but the first beam are impossible."""
    _check_rows(carry, rows)
    beams, shape = search.beams, (rows, search.beams)

    def spread(leaf: Array) -> Array:
        return jnp.repeat(leaf[:, None], beams, axis=1)

    carry = jax.tree.map(spread, carry)
    tokens = jnp.zeros((search.limit, *shape), jnp.int32)
    dtype = _check_end(step, carry, tokens[0], end)
    nothing = jnp.full(shape, -jnp.inf, accumulator_dtype(dtype))
    done = Beams(tokens, nothing, jnp.zeros(shape, bool))
    score = nothing.at[:, 0].set(0.0)
    return _State(jnp.zeros((), jnp.int32), carry, tokens, score, done)


def _extend(
    state: _State, carry: Carry, log_p: Array, end: int, search: Search
) -> _State:
    """Go on with the best continuations, and put those aside that end."""
    beams, vocab = log_p.shape[-2:]
    total = state.scores[..., None] + log_p.astype(state.scores.dtype)
    flat = total.reshape(total.shape[0], beams * vocab)
    # Of 2k candidates at most k end, so that k are left to go on.
    # The barrier keeps XLA from merging this with the slices below: it would then sort
    # all of the vocabulary, which makes the search twenty times slower on a CPU.
    scores, index = jax.lax.optimization_barrier(
        jax.lax.top_k(flat, min(2 * beams, flat.shape[-1]))
    )
    parents, chosen = index // vocab, (index % vocab).astype(jnp.int32)
    tokens = _take(state.tokens, parents, axis=2).at[state.time].set(chosen)
    ends = chosen == end
    done = _keep(state, scores, tokens, ends, search)
    scores, kept = jax.lax.top_k(jnp.where(ends, -jnp.inf, scores), beams)
    parents = jnp.take_along_axis(parents, kept, axis=1)
    carry = jax.tree.map(lambda leaf: _take(leaf, parents, axis=1), carry)
    return _State(state.time + 1, carry, _take(tokens, kept, axis=2), scores, done)


def _keep(
    state: _State, scores: Array, tokens: Array, ends: Array, search: Search
) -> Beams:
    """Put those of the best k candidates aside that end, unless the row is over."""
    beams, done = search.beams, state.done
    over = jnp.all(done.finished, axis=1, keepdims=True)
    ends = ends[:, :beams] & ~over & jnp.isfinite(scores[:, :beams])
    penalty = length_penalty(state.time + 1, search.alpha, scores.dtype)
    own = jnp.where(ends, scores[:, :beams] / penalty, -jnp.inf)
    both = jnp.concatenate([done.scores, own], axis=1)
    best, kept = jax.lax.top_k(both, beams)
    joined = jnp.concatenate([done.tokens, tokens[:, :, :beams]], axis=2)
    return Beams(_take(joined, kept, axis=2), best, jnp.isfinite(best))


def _ranked(state: _State, search: Search) -> Beams:
    """Return the finished hypotheses, and after them those that were cut off."""
    done = state.done
    open_scores = state.scores / length_penalty(
        state.time, search.alpha, state.scores.dtype
    )
    tokens = jnp.concatenate([done.tokens, state.tokens], axis=2)
    scores = jnp.concatenate([done.scores, open_scores], axis=1)
    finished = jnp.concatenate([done.finished, jnp.zeros_like(done.finished)], axis=1)
    # NaN comes after every score, but before the places of no hypothesis.
    ranks = jnp.where(jnp.isnan(scores), jnp.finfo(scores.dtype).max, -scores)
    order = jnp.lexsort((ranks, ~finished), axis=1)[:, : search.beams]
    scores, finished = (
        jnp.take_along_axis(leaf, order, axis=1) for leaf in (scores, finished)
    )
    tokens = jnp.where(jnp.isfinite(scores)[None], _take(tokens, order, axis=2), 0)
    tokens = jnp.where(jnp.isnan(scores)[None], NOTHING, tokens)
    return Beams(tokens, scores, finished)


def _take(leaf: Array, index: Int[Array, "b k"], axis: int) -> Array:
    """Choose beams: ``index`` speaks of ``axis``, its rows of the axis before."""
    shape = (1,) * (axis - 1)
    return jnp.take_along_axis(
        leaf, align(index.reshape(shape + index.shape), leaf), axis=axis
    )
