"""Linear-chain conditional random field: the likelihood of a sequence of tags as one.

A softmax at every step cannot say that a chunk must begin before it goes on. A
conditional random field adds to the scores of the steps one for each pair of
neighboring tags, and normalizes over all sequences at once:

    log p(y | x) = start[y_1] + Σ scores[t, y_t] + Σ transitions[y_t-1, y_t] + stop[y_n]
                   - log of the sum of its exponential over all sequences y

Source: Lafferty, McCallum and Pereira, "Conditional random fields", 2001.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Integer

from jlstm._internal.arrays import require_key
from jlstm._internal.labels import (
    check_integers,
    check_no_nan,
    check_range,
    check_scores,
    in_range,
    lengths_or_all,
)
from jlstm._internal.repr import shapes_repr
from jlstm._internal.tree import align, cast, like, zero_unless
from jlstm._internal.types import DType, Key, accumulator_dtype
from jlstm.initializers import Uniform
from jlstm.masking import last_step, steps_within

PADDING = -1
"""What follows the end of a decoded row."""


class CRFParams(NamedTuple):
    """Scores of neighboring tags, and of the first and the last one.

    What is forbidden gets a large negative score such as -1e4, not -inf, whose
    gradient is NaN.
    """

    transitions: Float[Array, "k k"]
    start: Float[Array, " k"]
    stop: Float[Array, " k"]

    __repr__ = shapes_repr


class TagPath(NamedTuple):
    """The most likely tags of each row, -1 after its end, and their score.

    The score less that of :func:`crf_normalizer` is a log-probability in nats.
    """

    tags: Int[Array, "t *b"]
    scores: Float[Array, "*b"]


def init_crf(key: Key, num_tags: int, dtype: DType = jnp.float32) -> CRFParams:
    """Draw small parameters.

    Raises:
        ValueError: there is no tag.

    Example:
        >>> init_crf(jax.random.key(0), 3).transitions.shape
        (3, 3)
    """
    if num_tags < 1:
        raise ValueError(f"num_tags is {num_tags}; give 1 or more.")
    require_key(key)
    keys = jax.random.split(key, 3)
    shapes = (num_tags, num_tags), (num_tags,), (num_tags,)
    draw = Uniform(0.1)
    return CRFParams(
        *(draw(k, shape, dtype) for k, shape in zip(keys, shapes, strict=True))
    )


def crf_nll(
    params: CRFParams,
    scores: Float[Array, "t *b k"],
    tags: Integer[Array, "t *b"],
    lengths: Integer[Array, "*b"] | None = None,
) -> Float[Array, "*b"]:
    """Return the negative log-likelihood of the tags of each row, in nats.

    What follows the end of a row changes nothing; an empty row has 0. A tag that
    does not exist is refused; under ``jax.jit``, where it is not known, its row has a
    loss of NaN.

    Args:
        params: scores of neighbors.
        scores: of each tag at each step, unnormalized; time first.
        tags: of each step.
        lengths: steps of each row; all of them by default.

    Raises:
        TypeError: an array has another dtype.
        ValueError: shapes do not fit, there is no step, or a length or a tag is out of
            range.

    Example:
        >>> flat = CRFParams(jnp.zeros((3, 3)), jnp.zeros(3), jnp.zeros(3))
        >>> nll = crf_nll(flat, jnp.zeros((4, 3)), jnp.zeros(4, jnp.int32))
        >>> bool(jnp.allclose(nll, 4 * jnp.log(3)))
        True
    """
    score = crf_score(params, scores, tags, lengths)
    return crf_normalizer(params, scores, lengths) - score


def crf_score(
    params: CRFParams,
    scores: Float[Array, "t *b k"],
    tags: Integer[Array, "t *b"],
    lengths: Integer[Array, "*b"] | None = None,
) -> Float[Array, "*b"]:
    """Return the score of the tags of each row; the arguments are those of crf_nll."""
    params, scores, live = widen(params, scores, lengths)
    count = scores.shape[-1]
    check_integers("tags", tags, scores.shape[:-1], "one per step and row")
    check_range("tags", tags, count - 1, "one for each score", live)
    exist = (in_range(tags, count) | ~live).all(axis=0)
    tags = jnp.where(live, jnp.clip(tags, 0, count - 1).astype(jnp.int32), 0)
    own = jnp.take_along_axis(scores, tags[..., None], axis=-1)
    pairs = zero_unless(live[1:], params.transitions[tags[:-1], tags[1:]])
    ends = params.start[tags[0]] + params.stop[last_tag(tags, live)]
    total = own.sum((0, -1)) + pairs.sum(0) + zero_unless(live[0], ends)
    return jnp.where(exist, total, jnp.asarray(jnp.nan, total.dtype))


def crf_normalizer(
    params: CRFParams,
    scores: Float[Array, "t *b k"],
    lengths: Integer[Array, "*b"] | None = None,
) -> Float[Array, "*b"]:
    """Return the log of the summed exponential scores of all sequences of each row."""
    params, scores, live = widen(params, scores, lengths)

    def advance(alpha: Array, step: tuple[Array, Array]) -> tuple[Array, None]:
        score, on = step
        pairs = alpha[..., :, None] + like(params.transitions, alpha[..., None])
        new = jax.nn.logsumexp(pairs, axis=-2) + score
        return jnp.where(align(on, new), new, alpha), None

    alpha = like(params.start, scores[0]) + scores[0]
    alpha, _ = jax.lax.scan(advance, alpha, (scores[1:], live[1:]))
    total = jax.nn.logsumexp(alpha + like(params.stop, alpha), axis=-1)
    return zero_unless(live[0], total)


def crf_decode(
    params: CRFParams,
    scores: Float[Array, "t *b k"],
    lengths: Integer[Array, "*b"] | None = None,
) -> TagPath:
    """Return the most likely tags of each row (Viterbi, 1967).

    Raises:
        TypeError: an array has another dtype.
        ValueError: shapes do not fit, or a known score is NaN in a step that counts.

    Example:
        >>> scores = jnp.array([[2.0, 0.0], [1.1, 1.0], [0.0, 2.0]])
        >>> stay = CRFParams(jnp.array([[0.0, 0.0], [-9.0, 0.5]]), *jnp.zeros((2, 2)))
        >>> crf_decode(stay, scores).tags.tolist()
        [0, 1, 1]
    """
    params, scores, live = widen(params, scores, lengths)
    check_no_nan("scores", scores)
    stay = jax.lax.broadcasted_iota(jnp.int32, scores.shape[1:], scores.ndim - 2)

    def advance(best: Array, step: tuple[Array, Array]) -> tuple[Array, Array]:
        score, on = step
        pairs = best[..., :, None] + like(params.transitions, best[..., None])
        origin = jnp.argmax(pairs, axis=-2).astype(jnp.int32)
        on = align(on, best)
        best = jnp.where(on, jnp.max(pairs, axis=-2) + score, best)
        return best, jnp.where(on, origin, stay)  # a padded step leads to itself

    best = like(params.start, scores[0]) + scores[0]
    best, origins = jax.lax.scan(advance, best, (scores[1:], live[1:]))
    best = best + like(params.stop, best)
    last = jnp.argmax(best, axis=-1).astype(jnp.int32)
    tags = jnp.where(live, trace_back(origins, last), PADDING)
    return TagPath(tags, zero_unless(live[0], jnp.max(best, axis=-1)))


def crf_marginals(
    params: CRFParams,
    scores: Float[Array, "t *b k"],
    lengths: Integer[Array, "*b"] | None = None,
) -> Float[Array, "t *b k"]:
    """Return the probability of each tag at each step, zeros after the end of a row.

    They are the gradient of the normalizer, which backpropagation gives for the price
    of the backward half of the forward-backward algorithm.

    Example:
        >>> flat = CRFParams(jnp.zeros((2, 2)), jnp.zeros(2), jnp.zeros(2))
        >>> crf_marginals(flat, jnp.zeros((3, 2)))[0].tolist()
        [0.5, 0.5]
    """

    def total(scores: Array) -> Array:
        return crf_normalizer(params, scores, lengths).sum()

    return jax.grad(total)(scores)


def trace_back(
    origins: Int[Array, "n *b k"], last: Int[Array, "*b"]
) -> Int[Array, "t *b"]:
    """Follow from the last tag where each came from."""

    def step(tag: Array, origin: Array) -> tuple[Array, Array]:
        before = jnp.take_along_axis(origin, tag[..., None], axis=-1)[..., 0]
        return before, before

    _, tags = jax.lax.scan(step, last, origins, reverse=True)
    return jnp.concatenate([tags, last[None]])


def widen(
    params: CRFParams, scores: Float[Array, "t *b k"], lengths: Array | None
) -> tuple[CRFParams, Float[Array, "t *b k"], Bool[Array, "t *b"]]:
    """Return all in float32 or wider, zeros in the padding, and which steps count."""
    if not isinstance(params, CRFParams):
        raise TypeError(
            f"params is a {type(params).__name__}; give CRFParams, by init_crf."
        )
    check_scores("scores", scores)
    scores = jnp.asarray(scores)
    if scores.ndim < 2 or not len(scores):
        raise ValueError(
            f"scores has shape {scores.shape}; give (t, *batch, tags), a step at least."
        )
    if params.transitions.shape[-1] != scores.shape[-1]:
        raise ValueError(
            f"scores has shape {scores.shape}; the transitions are of "
            f"{params.transitions.shape[-1]} tags: give a score for each."
        )
    wide = accumulator_dtype(scores.dtype)
    lengths = lengths_or_all("lengths", lengths, scores.shape[1:-1], len(scores))
    live = steps_within(lengths, scores.shape[0])
    return cast(params, wide), zero_unless(live, scores.astype(wide)), live


def last_tag(tags: Int[Array, "t *b"], live: Bool[Array, "t *b"]) -> Int[Array, "*b"]:
    """Return the last tag of each row, that of the first step for an empty one."""
    at = jnp.maximum(last_step(live), 0)
    return jnp.take_along_axis(tags, at[None], axis=0)[0]
