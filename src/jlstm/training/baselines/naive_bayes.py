"""Naive Bayes over words: the classifier of sentences that a network must beat.

What it reaches, accuracy in percent with single words, and with pairs next to them:
SST-2 82.2 and 82.8 from the sentences, 82.5 and 83.8 from the distinct phrases, 83.0
and 84.0 from every occurrence of a phrase; MR, mean of ten folds, 78.1 and 78.9.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float, Integer

from jlstm._internal.extras import brought_by


@dataclass(frozen=True, eq=False)
class NaiveBayes:
    """Naive Bayes over the n-grams that a sentence has, with add-one smoothing.

    All classes are equally likely before the first word: the classes of training
    phrases have other shares than those of the sentences to judge.

    Attributes:
        order: 1 for single words, 2 for pairs next to them.
        index: the n-grams of training.
        likelihood: log-probability of each n-gram in each class.

    Source: Wang and Manning, 2012, "Baselines and bigrams".

    Example:
        >>> sentences = [("good", "film"), ("bad", "film"), ("good",)]
        >>> model = fit_naive_bayes(sentences, np.array([1, 0, 1]), classes=2, order=1)
        >>> model.scores([("good",), ("bad", "bad")]).argmax(axis=1)
        array([1, 0])
    """

    order: int
    index: dict[tuple[str, ...], int]
    likelihood: Float[np.ndarray, "n k"]

    def scores(self, sentences: Iterable[Sequence[str]]) -> Float[np.ndarray, "m k"]:
        """Return the log-likelihood of each sentence in each class.

        N-grams that training lacks do not count.
        """
        counter = _counter(self.order, self.index)
        return counter.transform(sentences) @ self.likelihood


def fit_naive_bayes(
    sentences: Sequence[Sequence[str]],
    labels: Integer[np.ndarray, " n"],
    *,
    classes: int,
    order: int = 2,
) -> NaiveBayes:
    """Count the n-grams of each class.

    Raises:
        ValueError: there is nothing to count, or the order is not positive.
    """
    if order < 1 or not any(map(len, sentences)):
        raise ValueError(
            f"fit_naive_bayes: order is {order}, with {len(sentences)} sentences; give "
            "an order of 1 or more and at least one sentence that has words."
        )
    with brought_by("train"):
        from sklearn.naive_bayes import MultinomialNB
    counter = _counter(order)
    counts = counter.fit_transform(sentences)
    model = MultinomialNB().partial_fit(counts, labels, classes=np.arange(classes))
    return NaiveBayes(order, counter.vocabulary_, model.feature_log_prob_.T)


def n_grams(words: Sequence[str], order: int) -> set[tuple[str, ...]]:
    """Return the distinct n-grams of a sentence, up to ``order`` words long.

    Those of two words or more count the ends of the sentence, two empty texts.

    Example:
        >>> sorted(n_grams(("a", "b"), 2))
        [('', 'a'), ('a',), ('a', 'b'), ('b',), ('b', '')]
    """
    marked = ("", *words, "")
    grams = {
        tuple(marked[start : start + size])
        for size in range(2, order + 1)
        for start in range(len(marked) - size + 1)
    }
    return grams | {(word,) for word in words}


def _counter(order: int, index: dict[tuple[str, ...], int] | None = None) -> Any:
    """Return the ``CountVectorizer`` that says which n-grams a sentence has."""
    with brought_by("train"):  # takes a second, of which n-gram models want nothing
        from sklearn.feature_extraction.text import CountVectorizer
    analyzer = partial(n_grams, order=order)
    return CountVectorizer(analyzer=analyzer, binary=True, vocabulary=index)
