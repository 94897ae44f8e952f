"""Baselines: naive Bayes over words, softmax regression over vectors."""

import numpy as np

from jlstm.tasks.classification.data import Data, DataConfig, Part
from jlstm.training.baselines import fit_naive_bayes, fit_softmax

Scores = dict[str, dict[str, float]]
"""Accuracy by model and part (``"valid"``, ``"test"``)."""

_MOST = 2_000
"""Numbers of an example that a linear baseline reads one by one."""
ALWAYS = "most frequent class"


def score_baselines(config: DataConfig, data: Data) -> Scores:
    """Return the accuracy of each baseline on the held-out parts."""
    largest = int(np.bincount(data.train.labels).argmax())
    labels = {"valid": data.valid.labels, "test": data.test.labels}
    always = {part: float((own == largest).mean()) for part, own in labels.items()}
    found = {ALWAYS: always}
    of_words = data.prep.vocab is not None
    return found | (_naive_bayes(data) if of_words else _linear(config, data))


def _naive_bayes(data: Data) -> Scores:
    train, classes = data.train, len(data.prep.classes)
    found = {}
    for order, name in ((1, "naive Bayes, words"), (2, "naive Bayes, words and pairs")):
        model = fit_naive_bayes(
            train.sentences, train.labels, classes=classes, order=order
        )
        found[name] = {
            part: _accuracy(model.scores(own.sentences), own.labels)
            for part, own in data.parts.items()
            if part != "train"
        }
    return found


def _linear(config: DataConfig, data: Data) -> Scores:
    how, rows = vectors_of(config, data)
    labels = data.train.labels.astype(int)
    model = fit_softmax(rows["train"], labels, classes=len(data.prep.classes))
    return {
        f"softmax regression, {how}": {
            "valid": _accuracy(model.logits(rows["valid"]), data.valid.labels),
            "test": _accuracy(model.logits(rows["test"]), data.test.labels),
        }
    }


def vectors_of(config: DataConfig, data: Data) -> tuple[str, dict[str, np.ndarray]]:
    """Return one vector per example of each part, and what it is made of."""
    shapes = {one.shape for part in data.parts.values() for one in part.sequences}
    flat = len(shapes) == 1 and np.prod(min(shapes)) <= _MOST
    steps = "all pixels" if config.name.startswith("mnist") else "all steps"
    rows = {part: features(examples, flat) for part, examples in data.parts.items()}
    return (steps if flat else "mean over time"), rows


def features(examples: Part, flat: bool) -> np.ndarray:
    """Return one vector per example: all its numbers, or their means over time."""
    if flat:
        return np.stack([one.ravel() for one in examples.sequences])
    return np.stack([one.mean(axis=0) for one in examples.sequences])


def _accuracy(scores: np.ndarray, labels: np.ndarray) -> float:
    return float((scores.argmax(axis=1) == labels).mean())
