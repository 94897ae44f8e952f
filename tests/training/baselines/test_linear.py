"""Softmax regression finds the minimum of its loss."""

import numpy as np

from jlstm.training.baselines import fit_softmax


def loss(weight, bias, features, labels, decay):
    logits = features @ weight + bias
    logs = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    squares = (weight**2).sum() + (bias**2).sum()
    return -logs[np.arange(len(labels)), labels].mean() + decay / 2 * squares


def test_no_step_from_the_fit_lowers_the_loss():
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(60, 3)), rng.integers(0, 4, 60)
    # Rows of an update are drawn; with each of them 50 times, that is little noise.
    many = np.tile(features, (50, 1)), np.tile(labels, 50)
    model = fit_softmax(*many, classes=4, weight_decay=0.05, batch_size=1000)
    best = loss(*model, features, labels, 0.05)
    for _ in range(20):
        aside = [part + 0.1 * rng.normal(size=part.shape) for part in model]
        assert loss(*aside, features, labels, 0.05) > best
    assert best < loss(np.zeros((3, 4)), np.zeros(4), features, labels, 0.05)


def test_what_is_linear_is_learned():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(300, 5))
    labels = (features @ rng.normal(size=(5, 3))).argmax(1)
    model = fit_softmax(
        features, labels, classes=3, weight_decay=0.0, learning_rate=0.05
    )
    assert (model.logits(features).argmax(1) == labels).mean() > 0.97
