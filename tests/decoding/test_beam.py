"""Searches, against all sequences there are, and against a beam search in lists."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm.decoding.beam import Search, beam_search, greedy_search, length_penalty

END, VOCAB, LIMIT, ROWS = 0, 3, 4, 2
_rng = np.random.default_rng(0)
MIX, WORDS, OUT = (
    1.5 * _rng.normal(size=shape) for shape in ((4, 4), (VOCAB, 4), (4, VOCAB))
)
START = _rng.normal(size=(ROWS, 4))
FIRST = np.array([1, 2])


def step(carry, tokens):
    """A recurrent model over any leading axes."""
    carry = jnp.tanh(carry @ MIX + jnp.asarray(WORDS)[tokens])
    return carry, carry @ OUT


def log_p(row, tokens):
    """Return the log-probability of a sequence in numpy."""
    h, last, total = START[row], FIRST[row], 0.0
    for token in tokens:
        h = np.tanh(h @ MIX + WORDS[last])
        logits = h @ OUT
        total += logits[token] - np.log(np.exp(logits).sum())
        last = token
    return total


def score(row, tokens, alpha):
    """Return what ranks a finished hypothesis."""
    return log_p(row, tokens) / ((5 + len(tokens)) / 6) ** alpha


def all_ended(limit):
    """Return every sequence that ends, and ends once."""
    words = range(1, VOCAB)
    return [
        (*before, END)
        for length in range(limit)
        for before in itertools.product(words, repeat=length)
    ]


def padded(tokens):
    """Return tokens with zeros after them."""
    return [*tokens, *[0] * (LIMIT - len(tokens))]


def in_lists(row, beams, alpha):
    """Search as ``beam_search`` says it does, one hypothesis after the other."""
    going, done = [()], []
    for _ in range(LIMIT):
        longer = [(*one, word) for one in going for word in range(VOCAB)]
        longer.sort(key=lambda one: -log_p(row, one))
        done += [one for one in longer[:beams] if one[-1] == END]
        done = sorted(done, key=lambda one: -score(row, one, alpha))[:beams]
        going = [one for one in longer[: 2 * beams] if one[-1] != END][:beams]
        if len(done) == beams:
            return done
    going.sort(key=lambda one: -score(row, one, alpha))
    return (done + going)[:beams]


def find(beams, alpha):
    search = Search(beams, alpha, LIMIT)
    run = jax.jit(lambda carry, first: beam_search(step, carry, first, END, search))
    return run(jnp.asarray(START), jnp.asarray(FIRST))


def test_enough_beams_find_every_sequence_in_the_order_of_its_score():
    alpha, ended = 0.7, all_ended(LIMIT)
    found = find(40, alpha)
    for row in range(ROWS):
        ranked = sorted(ended, key=lambda one: -score(row, one, alpha))
        count = len(ranked)
        assert found.finished[row].tolist() == [True] * count + [False] * (40 - count)
        assert found.tokens[:, row, :count].T.tolist() == [padded(t) for t in ranked]
        expected = [score(row, one, alpha) for one in ranked]
        np.testing.assert_allclose(found.scores[row, :count], expected, rtol=1e-12)
        # After them the 2^4 that were cut off, and then nothing.
        assert np.isfinite(found.scores[row]).sum() == count + 2**LIMIT


@pytest.mark.parametrize(("beams", "alpha"), [(1, 0.0), (2, 1.0), (3, 0.5)])
def test_few_beams_find_what_the_search_in_lists_finds(beams, alpha):
    found = find(beams, alpha)
    for row in range(ROWS):
        expected = in_lists(row, beams, alpha)
        assert found.tokens[:, row].T.tolist() == [padded(one) for one in expected]
        scores = [score(row, one, alpha) for one in expected]
        np.testing.assert_allclose(found.scores[row], scores, rtol=1e-12)
        assert found.finished[row].tolist() == [one[-1] == END for one in expected]


@pytest.mark.long
def test_one_beam_is_greedy():
    def chain(carry, tokens):
        """Walk by a table of odds; a row's carry shifts it."""
        odds = jnp.asarray(np.random.default_rng(35).normal(size=(7, 7)))
        return carry, odds[tokens] + carry[..., None] * odds[tokens * 0]

    carry, first = jnp.linspace(-2.0, 2.0, 6), jnp.arange(1, 7)
    greedy = greedy_search(chain, carry, first, END, 9)
    for alpha in (0.0, 2.0):
        beams = beam_search(chain, carry, first, END, Search(1, alpha, 9))
        np.testing.assert_array_equal(beams.tokens[:, :, 0], greedy)
    lengths = (greedy != 0).sum(axis=0)  # without the end; three never end
    assert lengths.tolist() == [1, 0, 2, 9, 9, 9]


def test_greedy_takes_the_most_likely_token_each_time():
    tokens = greedy_search(step, jnp.asarray(START), jnp.asarray(FIRST), END, LIMIT)
    for row in range(ROWS):
        best = ()
        while len(best) < LIMIT and best[-1:] != (END,):
            best = max(
                ((*best, word) for word in range(VOCAB)), key=lambda o: log_p(row, o)
            )
        assert tokens[:, row].tolist() == padded(best)


@pytest.mark.long
def test_a_hypothesis_that_has_ended_is_kept_while_others_go_on():
    def late(carry, tokens):
        """Ending at once has 0.4, going on 0.6; later nothing ends."""
        start = (tokens == 1)[..., None]
        begin = jnp.log(jnp.array([0.4, 1e-9, 0.6])).reshape(1, 1, 3)
        later = jnp.log(jnp.array([1e-9, 1e-9, 1.0])).reshape(1, 1, 3)
        return carry, jnp.where(start, begin, later)

    beams = beam_search(late, (), jnp.array([1]), END, Search(2, 0.0, 5))
    assert beams.tokens[:, 0, 0].tolist() == [0] * 5
    assert beams.finished[0].tolist() == [True, False]
    np.testing.assert_allclose(beams.scores[0], np.log([0.4, 0.6]), rtol=1e-6)
    assert beams.tokens[:, 0, 1].tolist() == [2] * 5


def test_the_length_penalty_is_that_of_the_paper():
    lengths = jnp.array([1, 4, 25])
    expected = np.array([6, 9, 30]) ** 0.6 / 6**0.6
    np.testing.assert_allclose(length_penalty(lengths, 0.6), expected, rtol=1e-6)


def test_what_is_out_of_range_is_said():
    def run(**options):
        beam_search(
            step, jnp.asarray(START), jnp.asarray(FIRST), END, Search(**options)
        )

    with pytest.raises(ValueError, match="beams is 0; give 1 or more"):
        run(beams=0)
    with pytest.raises(ValueError, match=r"alpha is -1\.0; give 0 or more"):
        run(alpha=-1.0)
    with pytest.raises(ValueError, match="limit is 0; give 1 or more"):
        greedy_search(step, jnp.asarray(START), jnp.asarray(FIRST), END, 0)
