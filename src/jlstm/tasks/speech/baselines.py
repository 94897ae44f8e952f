"""Baselines: means over thirds of the time, and warped templates."""

import numpy as np

from jlstm.tasks.classification.baselines import Scores
from jlstm.tasks.classification.data import Data
from jlstm.tasks.classification.objective import Examples
from jlstm.training.baselines import fit_softmax
from jlstm.training.baselines.warping import Templates

TEMPLATES = 400  # recordings of the training part, drawn at random
EVERY = 2  # frames; warping needs no more


def score_baselines(data: Data) -> Scores:
    """Return the accuracy of each baseline on the held-out parts."""
    held = {"valid": data.valid.examples, "test": data.test.examples}
    means = {part: averages(own) for part, own in held.items()}
    train, labels = averages(data.train.examples), data.train.labels.astype(int)
    templates = draw_templates(data.train.examples)
    linear = fit_softmax(train, labels, classes=len(data.prep.classes))
    known = np.unique(labels)
    centers = np.stack([train[labels == each].mean(axis=0) for each in known])
    answers = {
        "nearest class mean, means over thirds": {
            part: known[_nearest(centers, own)] for part, own in means.items()
        },
        "softmax regression, means over thirds": {
            part: linear.logits(own).argmax(axis=1) for part, own in means.items()
        },
        f"nearest of {len(templates.labels)} warped templates": {
            part: np.array([templates.nearest(one[::EVERY]) for one in own.sequences])
            for part, own in held.items()
        },
    }
    return {
        name: {p: float((own == held[p].labels).mean()) for p, own in parts.items()}
        for name, parts in answers.items()
    }


def averages(examples: Examples) -> np.ndarray:
    """Return the mean of each feature over each third of the time.

    Over all of the time, normalized features have mean 0.

    Example:
        >>> averages(Examples([np.arange(6.0)[:, None]], np.array([0]))).tolist()
        [[0.5, 2.5, 4.5]]
    """
    return np.stack(
        [
            np.concatenate([third.mean(axis=0) for third in np.array_split(one, 3)])
            for one in examples.sequences
        ]
    )


def draw_templates(train: Examples) -> Templates:
    """Return templates drawn from the training part."""
    rows = np.random.default_rng(0).permutation(len(train.labels))[:TEMPLATES]
    chosen = train.take(rows)
    return Templates([one[::EVERY] for one in chosen.sequences], chosen.labels)


def _nearest(centers: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return ((rows[:, None] - centers) ** 2).sum(axis=-1).argmin(axis=1)
