"""The conditional random field against all sequences of tags, one by one."""

import itertools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm.losses.crf import (
    CRFParams,
    crf_decode,
    crf_marginals,
    crf_nll,
    crf_normalizer,
    crf_score,
    init_crf,
)

STEPS, TAGS = 4, 3
LENGTHS = jnp.array([[4, 2], [1, 0], [3, 4]], jnp.int32)
RNG = np.random.default_rng(0)
SHAPES = [(TAGS, TAGS), (TAGS,), (TAGS,)]
PARAMS = CRFParams(*(RNG.normal(size=shape) for shape in SHAPES))
SCORES = RNG.normal(size=(STEPS, *LENGTHS.shape, TAGS))
GIVEN = jnp.asarray(RNG.integers(TAGS, size=(STEPS, *LENGTHS.shape)))
LIVE = np.arange(STEPS)[:, None, None] < np.asarray(LENGTHS)
BROKEN = np.where(LIVE[..., None], SCORES, np.nan)


@jax.jit
def everything(params, scores, tags, lengths):
    return (
        crf_score(params, scores, tags, lengths),
        crf_normalizer(params, scores, lengths),
        crf_nll(params, scores, tags, lengths),
        crf_decode(params, scores, lengths),
        crf_marginals(params, scores, lengths),
    )


@pytest.fixture(scope="module")
def found():
    return jax.device_get(everything(PARAMS, BROKEN, GIVEN, LENGTHS))


def score_of(row, tags):
    """Add up the score of one sequence, as the formula has it."""
    if not tags:
        return 0.0
    pairs = sum(PARAMS.transitions[a, b] for a, b in itertools.pairwise(tags))
    own = sum(SCORES[(t, *row, tag)] for t, tag in enumerate(tags))
    return PARAMS.start[tags[0]] + own + pairs + PARAMS.stop[tags[-1]]


def sequences(row):
    """Return all sequences of tags of a row, and their scores."""
    every = list(itertools.product(range(TAGS), repeat=int(LENGTHS[row])))
    return every, np.array([score_of(row, tags) for tags in every])


@pytest.mark.parametrize("row", list(np.ndindex(LENGTHS.shape)))
def test_all_sequences_one_by_one(found, row):
    score, total, nll, best, marginals = found
    every, scores = sequences(row)
    length = int(LENGTHS[row])
    given = tuple(GIVEN[(slice(length), *row)].tolist())
    log_total = np.log(np.exp(scores).sum())
    assert score[row] == pytest.approx(score_of(row, given))
    assert total[row] == pytest.approx(log_total, abs=1e-12)
    assert nll[row] == pytest.approx(log_total - score_of(row, given), abs=1e-12)
    path = best.tags[(slice(None), *row)].tolist()
    assert path == [*every[scores.argmax()], *[-1] * (STEPS - length)]
    assert best.scores[row] == pytest.approx(scores.max())
    shares = np.exp(scores - log_total)
    expected = np.zeros((STEPS, TAGS))
    for tags, share in zip(every, shares, strict=True):
        for step, tag in enumerate(tags):
            expected[step, tag] += share
    own = marginals[(slice(None), *row)]
    np.testing.assert_allclose(own, expected, atol=1e-12)


def test_padding_is_invisible_to_gradients():
    def total(params, scores):
        return crf_nll(params, scores, GIVEN, LENGTHS).sum()

    gradient = jax.jit(jax.grad(total, argnums=(0, 1)))
    clean, broken = gradient(PARAMS, SCORES), gradient(PARAMS, BROKEN)
    chex.assert_trees_all_equal(clean, broken)
    assert float(jnp.abs(clean[0].transitions).min()) > 0


@pytest.mark.long
def test_without_lengths_all_steps_count():
    every = jnp.full(LENGTHS.shape, STEPS)
    without = jax.jit(crf_nll)(PARAMS, SCORES, GIVEN)
    full = everything(PARAMS, SCORES, GIVEN, every)[2]
    np.testing.assert_allclose(without, full, rtol=1e-12)


@pytest.mark.long
def test_what_is_forbidden_is_never_decoded():
    forbidden = jnp.array([[-1e4, 0.0], [0.0, -1e4]])
    params = CRFParams(forbidden, jnp.zeros(2), jnp.array([-1e4, 0.0]))
    scores = jnp.zeros((4, 2))
    assert crf_decode(params, scores).tags.tolist() == [0, 1, 0, 1]
    only = jnp.array([0, 1, 0, 1])
    nll, slopes = jax.jit(jax.value_and_grad(crf_nll))(params, scores, only)
    assert float(nll) == 0.0
    assert all(np.isfinite(slope).all() for slope in slopes)


@pytest.mark.long
def test_16_bit_scores_stay_near():
    params = init_crf(jax.random.key(0), TAGS, jnp.float32)
    scores = jnp.asarray(SCORES, jnp.bfloat16)
    near = jax.jit(crf_nll)(params, scores, GIVEN, LENGTHS)
    exact = jax.jit(crf_nll)(params, scores.astype(jnp.float32), GIVEN, LENGTHS)
    assert near.dtype == jnp.float32
    np.testing.assert_allclose(near, exact, atol=1e-5)


def test_no_tags_are_refused():
    with pytest.raises(ValueError, match="num_tags is 0; give 1 or more"):
        init_crf(jax.random.key(0), 0)
