"""Scores of each class are those of scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_recall_fscore_support

from jlstm.metrics import class_scores, confusion
from jlstm.training.config.class_loss import balanced

RNG = np.random.default_rng(0)
CASES = {
    "all classes": (RNG.integers(0, 4, 50), RNG.integers(0, 4, 50)),
    "one never given": (RNG.integers(0, 4, 50), RNG.integers(0, 3, 50)),
    "one never there": (RNG.integers(1, 4, 50), RNG.integers(0, 4, 50)),
    "one neither": (RNG.integers(1, 4, 50), RNG.integers(1, 4, 50)),
    "all right": (np.arange(4), np.arange(4)),
}


@pytest.mark.parametrize("case", CASES)
def test_class_scores(case):
    labels, found = CASES[case]
    scores = class_scores(confusion(labels, found, 4))
    wanted = precision_recall_fscore_support(
        labels, found, labels=range(4), zero_division=0.0
    )
    for ours, theirs in zip(scores[:4], wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
    macro = f1_score(labels, found, average="macro", zero_division=0.0)
    assert scores.macro_f1 == pytest.approx(macro)
    named = scores.by_class("abcd")
    assert named["c"]["support"] == (labels == 2).sum()
    assert named["c"]["f1"] == pytest.approx(wanted[2][2])


def test_balanced_weights_are_those_of_scikit_learn():
    from sklearn.utils.class_weight import compute_class_weight

    labels = np.repeat([0, 1, 2], [7, 2, 31])
    theirs = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    np.testing.assert_allclose(balanced(labels, 3), theirs, rtol=1e-6)
