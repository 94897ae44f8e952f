"""The recognizer is its parts put together; padding is invisible to it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jlstm.tasks.speech.recognizer import Recognizer, RecognizerConfig, join_frames
from jlstm.training.config.stack import StackConfig

SMALL = StackConfig(hidden_sizes=(4,), bidirectional=True)
XS = np.random.default_rng(0).normal(size=(7, 2, 3)).astype(np.float32)
LENGTHS = jnp.array([7, 4], jnp.int32)


def make(**options):
    config = RecognizerConfig(SMALL, **{"join": 3} | options)
    model = Recognizer(config, 5, 3, rngs=nnx.Rngs(0))
    drawn = jax.random.normal(jax.random.key(1), (6,), jnp.float32)
    model.out.bias[...] = drawn
    return model


@jax.jit
def run(model, xs, lengths, key=None):
    return model(xs, lengths, key=key)


def test_model_is_joined_frames_layers_and_a_matrix():
    model = make()
    logits, lengths = run(model, XS, LENGTHS)
    assert logits.shape == (3, 2, 6) and lengths.tolist() == [3, 2]
    xs, _ = join_frames(jnp.asarray(XS), LENGTHS, 3)
    params = model.rnn.pure_params()
    _, ys = jax.jit(model.rnn.layer.apply)(params, xs, lengths=lengths)
    matrix, bias = (np.asarray(p[...]) for p in (model.out.kernel, model.out.bias))
    np.testing.assert_allclose(logits, np.asarray(ys) @ matrix + bias, atol=1e-6)


def test_joined_frames_stand_side_by_side():
    joined, lengths = join_frames(jnp.asarray(XS), LENGTHS, 3)
    assert lengths.tolist() == [3, 2]
    np.testing.assert_array_equal(joined[1, 0], XS[3:6, 0].ravel())
    np.testing.assert_array_equal(joined[2, 0], [*XS[6, 0], *np.zeros(6)])
    np.testing.assert_array_equal(joined[1, 1], [*XS[3, 1], *np.zeros(6)])


def test_padding_is_invisible():
    model = make()
    broken = XS.copy()
    broken[4:, 1] = np.nan
    logits, _ = run(model, XS, LENGTHS)
    with_nan, _ = run(model, broken, LENGTHS)
    np.testing.assert_array_equal(with_nan, logits)


@pytest.mark.parametrize("rate", ["input_dropout", "output_dropout"])
def test_each_dropout_is_off_without_a_key_and_on_with_one(rate):
    noisy = make(**{rate: 0.5})
    quiet, _ = run(make(), XS, LENGTHS)
    np.testing.assert_array_equal(run(noisy, XS, LENGTHS)[0], quiet)
    assert not np.allclose(run(noisy, XS, LENGTHS, jax.random.key(2))[0], quiet)


def test_what_is_out_of_range_is_refused():
    with pytest.raises(
        ValueError, match="RecognizerConfig: join is 0; give a positive"
    ):
        RecognizerConfig(join=0)
    with pytest.raises(ValueError, match=r"RecognizerConfig: input_dropout is 1\.5"):
        RecognizerConfig(input_dropout=1.5)
