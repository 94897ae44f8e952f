"""Baselines of numbers: the mean of training, and a ridge over words or vectors."""

from typing import Any

import numpy as np

from jlstm._internal.extras import brought_by
from jlstm.tasks.classification.baselines import vectors_of
from jlstm.tasks.classification.data import Data, DataConfig
from jlstm.tasks.classification.regression import number_scores

MEAN = "mean of training"
_PENALTIES = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)
_WORDS = 20_000
"""The commonest words that a ridge reads."""
NumberScores = dict[str, dict[str, dict[str, float]]]
"""Scores by model and part (``"valid"``, ``"test"``), see ``number_scores``."""


def score_ridge(config: DataConfig, data: Data) -> NumberScores:
    """Return the scores of each baseline on the held-out parts."""
    mean = float(data.train.labels.mean())
    always = {part: np.full(len(own.labels), mean) for part, own in data.parts.items()}
    how, rows = _counts(data) if data.prep.vocab else vectors_of(config, data)
    answers = {MEAN: always, f"ridge regression, {how}": _ridge(rows, data)}
    return {
        name: {
            n: number_scores(data.parts[n].labels, own[n]) for n in ("valid", "test")
        }
        for name, own in answers.items()
    }


def _ridge(rows: dict[str, Any], data: Data) -> dict[str, np.ndarray]:
    """Return the answers of the ridge that is best on validation."""
    with brought_by("train"):
        from sklearn.linear_model import Ridge

    labels = data.train.labels.astype(np.float64)
    models = [Ridge(alpha=one).fit(rows["train"], labels) for one in _PENALTIES]
    found = [{n: model.predict(own) for n, own in rows.items()} for model in models]
    truth = data.valid.labels
    return min(found, key=lambda own: float(np.mean((own["valid"] - truth) ** 2)))


def _counts(data: Data) -> tuple[str, dict[str, Any]]:
    """Return how often each text has each word, as sparse matrices."""
    with brought_by("train"):
        from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(analyzer=list, max_features=_WORDS, dtype=np.float64)
    counter.fit(data.train.sentences)
    parts = data.parts.items()
    return "words", {name: counter.transform(part.sentences) for name, part in parts}
