"""Naive Bayes is the formula, and reaches what is known of it on real sentences."""

import math

import numpy as np
import pytest

from jlstm.data.sst import load_sst, whole_sentences
from jlstm.training.baselines import fit_naive_bayes


def test_scores_are_sums_of_smoothed_log_probabilities():
    sentences = [("a", "a", "b"), ("b",), ("a", "c")]
    model = fit_naive_bayes(sentences, np.array([0, 0, 1]), classes=2, order=1)
    # Class 0 has a once (a sentence counts a word once), b twice; class 1 a and c once.
    found = model.scores([("a", "c", "c", "unheard"), ()])
    wanted = [math.log(2 / 6) + math.log(1 / 6), 2 * math.log(2 / 5)]
    np.testing.assert_allclose(found, [wanted, [0, 0]])


def test_pairs_know_the_order_and_the_ends():
    sentences = [("not", "good"), ("good", "not")]
    model = fit_naive_bayes(sentences, np.array([0, 1]), classes=2, order=2)
    assert model.scores(sentences).argmax(1).tolist() == [0, 1]
    assert np.ptp(model.scores([("unheard",)])) == 0


def test_a_class_without_sentences_has_its_scores():
    model = fit_naive_bayes([("a", "b")], np.array([0]), classes=2, order=1)
    wanted = [[math.log(1 / 2), math.log(1 / 2)]]
    np.testing.assert_allclose(model.scores([("a",)]), wanted)
    assert model.scores([]).shape == (0, 2)


@pytest.mark.parametrize(
    ("order", "sentences"), [(0, [("a",)]), (1, []), (1, [(), ()])]
)
def test_what_cannot_be_counted_is_refused(order, sentences):
    labels = np.zeros(len(sentences), int)
    with pytest.raises(ValueError, match="give an order of 1 or more and at least one"):
        fit_naive_bayes(sentences, labels, classes=2, order=order)


@pytest.mark.slow
def test_sst2_from_its_sentences(data_dir):
    parts = {n: whole_sentences(own, binary=True) for n, own in load_sst().items()}
    for order, wanted in ((1, 82.2), (2, 82.8)):
        model = fit_naive_bayes(*parts["train"], classes=2, order=order)
        test = parts["test"]
        right = model.scores(test.sentences).argmax(1) == test.labels
        assert round(100 * right.mean(), 1) == wanted
