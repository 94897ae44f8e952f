"""What a word does is what its absence changes, or the slope along its embedding."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jlstm.analysis.saliency import gradient_times_input, leave_one_out, log_odds
from jlstm.tasks.classification.model import Classifier, ClassifierConfig
from jlstm.training.config.stack import StackConfig

WORDS = np.array([4, 1, 8, 2], np.int32)


@pytest.fixture(scope="module")
def model():
    encoder = StackConfig(hidden_sizes=(4,), bidirectional=True)
    config = ClassifierConfig(encoder, "mean", embedding_size=3, embedding_scale=1.0)
    options = {"vocab_size": 9, "rngs": nnx.Rngs(0), "param_dtype": jnp.float64}
    return Classifier(config, 3, **options)


def column(words):
    return jnp.asarray(words)[:, None]


def odds(logits, label):
    raised = np.exp(np.asarray(logits))
    return np.log(raised[label] / (raised.sum() - raised[label]))


def test_log_odds_are_those_of_the_softmax():
    logits = np.array([[0.5, -1.0, 2.0], [0.0, 0.0, 0.0]])
    found = log_odds(jnp.asarray(logits), 2)
    np.testing.assert_allclose(found, [odds(row, 2) for row in logits])


@pytest.mark.long
def test_leaving_a_word_out_is_reading_the_text_without_it(model):
    found = leave_one_out(model, WORDS, 1)
    whole = odds(model(column(WORDS))[0], 1)
    for number, fall in enumerate(found):
        rest = np.delete(WORDS, number)
        np.testing.assert_allclose(fall, whole - odds(model(column(rest))[0], 1))


@pytest.mark.slow
def test_gradient_times_input_is_the_slope_along_each_word(model):
    found = gradient_times_input(model, WORDS, 1)
    vectors, step = np.asarray(model.embed(column(WORDS))), 1e-5
    for number, slope in enumerate(found):
        ends = []
        for scale in (1 - step, 1 + step):
            moved = vectors.copy()
            moved[number] *= scale
            ends.append(odds(model.classify(jnp.asarray(moved))[0], 1))
        np.testing.assert_allclose(slope, (ends[1] - ends[0]) / (2 * step), rtol=1e-5)


def test_a_text_of_one_word_can_lose_it(model):
    (fall,) = leave_one_out(model, WORDS[:1], 0)
    nothing = jax.nn.log_softmax(model.out.bias[...])
    np.testing.assert_allclose(
        fall, odds(model(column(WORDS[:1]))[0], 0) - odds(nothing, 0)
    )
