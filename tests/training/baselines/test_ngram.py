"""The n-gram baselines, against counting by hand and against known numbers."""

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlstm.data import CorpusConfig, load_corpus
from jlstm.training.baselines import (
    kneser_ney_bigram_nll,
    unigram_nll,
    witten_bell_nll,
)
from jlstm.training.baselines.ngram import kneser_ney_bigram, unigram, witten_bell

V = 4
ids = st.integers(0, V - 1)
texts = st.lists(ids, min_size=2, max_size=30)


def slow_kneser_ney(train, u, w, d):
    """The docstring's formula, with sums over sets."""
    bigrams = Counter(pairwise(train))
    q = (len({a for a, b in bigrams if b == w}) + 0.5) / (len(bigrams) + 0.5 * V)
    n_u = sum(n for (a, _), n in bigrams.items() if a == u)
    if n_u == 0:
        return q
    followers = len({b for a, b in bigrams if a == u})
    return max(bigrams[u, w] - d, 0) / n_u + d * followers / n_u * q


def slow_witten_bell(train, context, w):
    """The docstring's formula, as a recursion on the context."""
    n = len(context)
    places = range(n, len(train))
    after = Counter(train[i] for i in places if train[i - n : i] == context)
    lower = slow_witten_bell(train, context[1:], w) if n else 1 / V
    if not after:
        return lower
    return (after[w] + len(after) * lower) / (after.total() + len(after))


@given(texts, texts)
def test_unigram_is_add_one(train, test):
    want = [(train.count(w) + 1) / (len(train) + V) for w in test]
    got = unigram(np.array(train), np.array(test), V)
    np.testing.assert_allclose(got, want, rtol=1e-12)


@given(texts, texts, st.sampled_from([0.25, 0.75]))
def test_kneser_ney_is_the_formula(train, test, d):
    want = [slow_kneser_ney(train, u, w, d) for u, w in pairwise(test)]
    got = kneser_ney_bigram(np.array(train), np.array(test), V, d)
    np.testing.assert_allclose(got, want, rtol=1e-12)


@given(texts, texts, st.integers(0, 5))
def test_witten_bell_is_the_recursion(train, test, order):
    want = [
        slow_witten_bell(train, test[max(i - order, 0) : i], w)
        for i, w in enumerate(test)
    ]
    got = witten_bell(np.array(train), np.array(test), order, V)
    np.testing.assert_allclose(got, want, rtol=1e-12)


@pytest.mark.parametrize(
    "model",
    [
        unigram,
        kneser_ney_bigram,
        lambda train, test, v: witten_bell(train, test, 0, v),
        lambda train, test, v: witten_bell(train, test, 3, v),
    ],
    ids=["unigram", "kneser-ney", "witten-bell-0", "witten-bell-3"],
)
@given(train=texts, context=texts)
def test_probabilities_sum_to_one(model, train, context):
    total = sum(
        model(np.array(train), np.array([*context, w]), V)[-1] for w in range(V)
    )
    assert total == pytest.approx(1, rel=1e-12)


def test_nll_is_the_mean_of_the_logarithms():
    train, test = np.array([0, 1, 2, 0, 1, 3]), np.array([0, 1, 3, 3])
    for nll, p in [
        (unigram_nll(train, test, V), unigram(train, test, V)),
        (kneser_ney_bigram_nll(train, test, V), kneser_ney_bigram(train, test, V)),
        (witten_bell_nll(train, test, 2, V), witten_bell(train, test, 2, V)),
    ]:
        assert nll == pytest.approx(-sum(map(math.log, p)) / len(p), rel=1e-12)


def test_small_unsigned_ids_do_not_wrap():
    train, test = np.arange(256).repeat(2), np.arange(255, -1, -1)
    wide = kneser_ney_bigram_nll(train, test, 256), witten_bell_nll(train, test, 3, 256)
    train, test = train.astype(np.uint8), test.astype(np.uint8)
    assert kneser_ney_bigram_nll(train, test, 256) == wide[0]
    assert witten_bell_nll(train, test, 3, 256) == wide[1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a: unigram_nll(a, a[:0], V), "test is empty: give at least one token"),
        (lambda a: unigram_nll(a, a, 2), "train has ids from 0 to 3, wanted 0 to 1:"),
        (lambda a: witten_bell_nll(a, a, -1, V), "order must be at least 0, got -1."),
        (
            lambda a: kneser_ney_bigram_nll(a, a, V, 1.0),
            "discount must lie between 0 and 1, got 1.0.",
        ),
        (lambda a: kneser_ney_bigram_nll(a, a[:1], V), "need at least two tokens"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError) as error:
        call(np.array([0, 1, 2, 3]))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.fixture
def real(data_dir, monkeypatch):
    """A loader of the real corpora."""
    monkeypatch.setenv("JLSTM_DATA", str(data_dir))
    return lambda *args: load_corpus(CorpusConfig(*args))


def test_numbers_on_ptb(real):
    ptb = real("ptb", None, "word", "given")
    v = len(ptb.vocab)
    perplexities = [
        math.exp(nll(ptb.train, part, v))
        for nll in (unigram_nll, kneser_ney_bigram_nll)
        for part in (ptb.valid, ptb.test)
    ]
    assert [round(p, 1) for p in perplexities] == [684.7, 639.8, 200.7, 186.5]


def test_numbers_on_wikitext2(real):
    wt2 = real("wikitext2", None, "word", "given")
    v = len(wt2.vocab)
    assert round(math.exp(unigram_nll(wt2.train, wt2.test, v)), 1) == 914.4
    assert round(math.exp(kneser_ney_bigram_nll(wt2.train, wt2.test, v)), 1) == 266.5


def test_numbers_on_shakespeare(real):
    text = real("shakespeare")
    nats = [witten_bell_nll(text.train, text.valid, order, 65) for order in range(6)]
    assert [round(n, 3) for n in nats] == [3.347, 2.486, 2.049, 1.774, 1.669, 1.698]
