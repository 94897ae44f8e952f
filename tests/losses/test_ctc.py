"""Loss and decoders against an enumeration of all paths."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm.decoding import ctc_beam_decode, ctc_greedy_decode
from jlstm.losses.ctc import ctc_loss

pytestmark = pytest.mark.usefixtures("standard_promotion")
STEPS, CLASSES = 5, 3
LENGTHS = (5, 3, 1)
LOGITS = 2 * np.random.default_rng(0).normal(size=(STEPS, len(LENGTHS), CLASSES))
LOGITS[3:, 1] = LOGITS[1:, 2] = 50.0  # padding that would win


def read(path, blank):
    return tuple(k for k, _ in itertools.groupby(path) if k != blank)


def enumerate_paths(row, blank):
    """Return the log-probability of each sequence of symbols, by all paths."""
    logits = LOGITS[: LENGTHS[row], row]
    table = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    found = {}
    for path in itertools.product(range(CLASSES), repeat=len(table)):
        score = sum(step[k] for step, k in zip(table, path, strict=True))
        symbols = read(path, blank)
        found[symbols] = np.logaddexp(found.get(symbols, -np.inf), score)
    return found


def symbols_of(found, *place):
    return tuple(found.symbols[(slice(int(found.lengths[place])), *place)].tolist())


@pytest.mark.parametrize("blank", [0, 2])
def test_loss_is_that_of_all_paths(blank):
    letters = [k for k in range(CLASSES) if k != blank]
    a, b = letters
    targets = [(a, a, b), (a, b), (b,)]
    padded = np.full((4, 3), a)
    for column, target in enumerate(targets):
        padded[: len(target), column] = target
    sizes = jnp.array([3, 2, 1])
    run = jax.jit(
        lambda xs: ctc_loss(xs, padded, jnp.array(LENGTHS), sizes, blank=blank)
    )
    expected = [-enumerate_paths(n, blank)[target] for n, target in enumerate(targets)]
    np.testing.assert_allclose(run(jnp.asarray(LOGITS)), expected, rtol=1e-6)
    gradient = jax.jit(jax.grad(lambda xs: run(xs).sum()))(
        jnp.asarray(LOGITS).at[3:, 1].set(jnp.nan)
    )
    assert np.isfinite(gradient).all() and not np.asarray(gradient[3:, 1]).any()


def test_nothing_said_is_only_blanks():
    nothing = np.ones((2, 1), int), np.array([5]), np.array([0])
    loss = jax.jit(ctc_loss)(jnp.asarray(LOGITS[:, :1]), *nothing)
    assert float(loss[0]) == pytest.approx(-enumerate_paths(0, 0)[()])


@pytest.mark.parametrize("blank", [0, 2])
def test_a_beam_that_holds_everything_is_exact(blank):
    found = jax.jit(
        lambda xs: ctc_beam_decode(xs, jnp.array(LENGTHS), beam=40, blank=blank)
    )(jnp.asarray(LOGITS))
    for row in range(len(LENGTHS)):
        expected = enumerate_paths(row, blank)
        scores = found.scores[row].tolist()
        alive = sum(score > -np.inf for score in scores)
        assert alive == len(expected)
        assert scores[:alive] == sorted(scores[:alive], reverse=True)
        for place in range(alive):
            symbols = symbols_of(found, row, place)
            assert scores[place] == pytest.approx(expected.pop(symbols))


def test_a_narrow_beam_keeps_a_lower_bound_and_a_limit_of_symbols():
    narrow = jax.jit(lambda xs: ctc_beam_decode(xs, jnp.array(LENGTHS), beam=3, most=2))
    found = narrow(jnp.asarray(LOGITS))
    assert int(found.lengths.max()) <= 2 and found.symbols.shape == (2, 3, 3)
    for row in range(len(LENGTHS)):
        exact = enumerate_paths(row, 0)
        best = symbols_of(found, row, 0)
        assert float(found.scores[row, 0]) <= exact[best] + 1e-9


def test_the_best_path_may_hide_the_best_symbols():
    logits = jnp.log(jnp.array([[0.6, 0.4], [0.6, 0.4]]))[:, None]
    assert symbols_of(jax.jit(ctc_greedy_decode)(logits), 0) == ()
    found = jax.jit(lambda xs: ctc_beam_decode(xs, beam=2))(logits)
    assert symbols_of(found, 0, 0) == (1,)


@pytest.mark.parametrize("blank", [0, 2])
def test_greedy_reads_the_best_path(blank):
    rng = np.random.default_rng(1)
    paths = rng.integers(3, size=(8, 20))
    lengths = rng.integers(9, size=20)
    logits = 9.0 * np.eye(3)[paths]
    found = jax.jit(
        lambda xs: ctc_greedy_decode(xs, jnp.asarray(lengths), blank=blank)
    )(jnp.asarray(logits))
    for row, length in enumerate(lengths):
        assert symbols_of(found, row) == read(paths[:length, row].tolist(), blank)
        assert (np.asarray(found.symbols)[int(found.lengths[row]) :, row] == -1).all()
    one = -np.log1p(2 * np.exp(-9.0))
    np.testing.assert_allclose(found.scores, lengths * one, rtol=1e-9)


@pytest.mark.parametrize(
    ("targets", "sizes", "line"),
    [
        (
            [[1, 1], [1, 2], [2, 2]],
            [3, 2],
            "Row 0 has 3 steps, and its target of 3 symbols needs 4, with a blank",
        ),
        (
            [[1, 1], [2, 0], [1, 0]],
            [3, 2],
            "The target of row 1 holds 0, which is the blank",
        ),
    ],
)
def test_an_impossible_target_is_refused(targets, sizes, line):
    logits = jnp.zeros((3, 2, 3))
    with pytest.raises(ValueError, match=line):
        ctc_loss(logits, np.array(targets), target_lengths=np.array(sizes))


def test_no_beam_is_refused():
    with pytest.raises(
        ValueError, match="beam is 0 and most 5; give 1 or more of each"
    ):
        ctc_beam_decode(jnp.asarray(LOGITS), beam=0)
