"""Texts of the test, and which of their words moved the decision."""

import numpy as np

from jlstm.analysis.plots import Passage
from jlstm.analysis.saliency import gradient_times_input, leave_one_out
from jlstm.tasks.classification.data import Data
from jlstm.tasks.classification.model import Classifier

LONGEST = 64  # words that are left out one by one; longer texts get a gradient
SHOWN = 90  # words of a text in the plot


def moved_words(
    model: Classifier, data: Data, logits: np.ndarray, count: int
) -> list[Passage]:
    """Return ``count`` test texts: half drawn at random, half the surest errors."""
    labels, guesses = data.test.labels, logits.argmax(axis=1)
    sure = shares(logits).max(axis=1)
    lengths = np.array([len(one) for one in data.test.sequences])
    usable = np.flatnonzero(lengths > 1)
    drawn = np.random.default_rng(0).permutation(usable)[: count - count // 2]
    wrong = usable[guesses[usable] != labels[usable]]
    worst = wrong[np.argsort(-sure[wrong], kind="stable")][: count // 2]
    rows = map(int, [*drawn, *(row for row in worst if row not in drawn)])
    return [
        _passage(model, data, row, int(guesses[row]), float(sure[row])) for row in rows
    ]


def shares(logits: np.ndarray) -> np.ndarray:
    """Return the probabilities of the classes.

    Example:
        >>> shares(np.array([[0.0, 0.0]])).tolist()
        [[0.5, 0.5]]
    """
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def _passage(
    model: Classifier, data: Data, row: int, guess: int, sure: float
) -> Passage:
    ids = data.test.sequences[row]
    short = len(ids) <= LONGEST
    scores = (leave_one_out if short else gradient_times_input)(model, ids, guess)
    answer, truth = data.prep.classes[guess], data.prep.classes[data.test.labels[row]]
    verdict = "right" if answer == truth else f"in truth {truth}"
    way = "" if short else "; by gradient times input"
    title = f"taken for {answer} with {100 * sure:.0f} %, {verdict}{way}"
    words = data.test.sentences[row]
    kept = np.arange(len(words))
    if len(words) > SHOWN:
        first = min(int(np.abs(scores).argmax()), len(words) - SHOWN)
        kept = kept[max(first - SHOWN // 3, 0) :][:SHOWN]
        title += f"; words {kept[0] + 1} to {kept[-1] + 1} of {len(words)}"
    return Passage(title, [words[n] for n in kept], scores[kept])
