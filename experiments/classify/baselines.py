"""What needs no network: naive Bayes over words, softmax regression over vectors."""

import numpy as np

from experiments.classify.data import DataConfig, Dataset
from jlstm.baselines import fit_naive_bayes, fit_softmax
from jlstm.train.classify import Examples

Scores = dict[str, dict[str, float]]
"""Accuracy by model and part (``"valid"``, ``"test"``)."""

ALWAYS = "most frequent class"
HELD = {"valid": "dev", "test": "test"}


def score_baselines(config: DataConfig, data: Dataset) -> Scores:
    """Return the accuracy of each baseline on the held-out parts."""
    largest = int(np.bincount(data.train.labels).argmax())
    labels = {"valid": data.valid.labels, "test": data.test.labels}
    always = {part: float((own == largest).mean()) for part, own in labels.items()}
    found = {ALWAYS: always}
    return found | (_naive_bayes(data) if data.words else _linear(config, data))


def _naive_bayes(data: Dataset) -> Scores:
    train, classes = data.words["train"], len(data.classes)
    found = {}
    for order, name in ((1, "naive Bayes, words"), (2, "naive Bayes, words and pairs")):
        model = fit_naive_bayes(*train, classes=classes, order=order)
        found[name] = {
            part: _share(
                model.scores(data.words[own].sentences), data.words[own].labels
            )
            for part, own in HELD.items()
        }
    return found


def _linear(config: DataConfig, data: Dataset) -> Scores:
    flat = config.name != "japanese_vowels"
    name = "softmax regression, " + ("all pixels" if flat else "mean over time")
    rows = {
        part: features(examples, flat)
        for part, examples in (
            ("train", data.train), ("valid", data.valid), ("test", data.test),
        )
    }  # fmt: skip
    labels = data.train.labels.astype(int)
    model = fit_softmax(rows["train"], labels, classes=len(data.classes))
    return {
        name: {
            "valid": _share(model.logits(rows["valid"]), data.valid.labels),
            "test": _share(model.logits(rows["test"]), data.test.labels),
        }
    }


def features(examples: Examples, flat: bool) -> np.ndarray:
    """Return one vector an example: all its numbers, or their means over time."""
    if flat:
        return np.stack([one.ravel() for one in examples.sequences])
    return np.stack([one.mean(axis=0) for one in examples.sequences])


def _share(scores: np.ndarray, labels: np.ndarray) -> float:
    return float((scores.argmax(axis=1) == labels).mean())
