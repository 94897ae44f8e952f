"""The model for generated tasks: numbers or symbols in, an answer at every step out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jlstm import LSTMCell, unroll
from jlstm._internal.options import Component
from jlstm.initializers import Chrono
from jlstm.nnx.transformer import Transformer, TransformerConfig
from jlstm.tasks.synthetic.model import MemoryConfig, MemoryModel
from jlstm.training.config.stack import StackConfig


def test_it_is_a_cell_and_a_linear_read_out():
    config = MemoryConfig(
        stack=StackConfig(hidden_sizes=(4,), options={"forget_bias": 2.0})
    )
    model = MemoryModel(3, 2, config, rngs=nnx.Rngs(0))
    model.out.bias[...] = jnp.array([0.5, -1.0], jnp.float32)
    symbols = jnp.array([[0, 2], [1, 1], [2, 0]], jnp.int32)
    numbers = jnp.eye(3, dtype=jnp.float32)[symbols]
    params = model.rnn.pure_params()[0]
    np.testing.assert_array_equal(params.b[1], 2.0)
    _, hs = unroll(LSTMCell(4, 2.0), params, numbers)
    wanted = np.asarray(hs) @ np.asarray(model.out.kernel[...]) + [0.5, -1.0]
    np.testing.assert_allclose(model(symbols), wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(model(symbols), model(numbers))


def test_chrono_draws_one_forget_bias_a_unit():
    config = MemoryConfig(
        stack=StackConfig(hidden_sizes=(64,), options={"forget_bias": Chrono(100)})
    )
    model = MemoryModel(2, 1, config, rngs=nnx.Rngs(0))
    bias = np.asarray(model.rnn.pure_params()[0].b)
    assert 0 <= bias[1].min() < 2.5 and 4 < bias[1].max() <= np.log(99)
    np.testing.assert_array_equal(bias[0], -bias[1])


@pytest.mark.parametrize(
    ("options", "title"),
    [
        ({"cell": "GRUCell"}, "GRU 1×128"),
        (
            {"hidden_sizes": (8, 8), "options": {"forget_bias": 0.0}},
            "LSTM 2×8, forget bias 0",
        ),
        (
            {
                "cell": "MinLSTMCell",
                "options": {"forget_bias": Chrono(50)},
                "wrappers": (Component("LearnedCarry"),),
            },
            "MinLSTM 1×128 + LearnedCarry, chrono 50",
        ),
        ({"kind": "transformer", "hidden_sizes": (32, 32)}, "Transformer 2×32"),
    ],
)
def test_a_table_tells_models_apart(options, title):
    assert configured(**options).title == title


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (
            {"hidden_sizes": ()},
            r"StackConfig: hidden_sizes is \(\); give one or more positive",
        ),
        ({"init_scale": 0.0}, "init_scale is 0.0; give a positive number"),
        ({"bidirectional": True}, "so the layers would have read the steps that they"),
        (
            {"kind": "transformer", "hidden_sizes": (32, 64)},
            r"hidden_sizes is \[32, 64\]; give a Transformer the same width",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(options, line):
    with pytest.raises(ValueError, match=line):
        configured(**options)


def configured(kind="recurrent", **options):
    return MemoryConfig(kind, StackConfig(**options))


def test_seeds_make_other_models():
    one, other = (
        MemoryModel(2, 1, MemoryConfig(), rngs=nnx.Rngs(seed)) for seed in (0, 1)
    )
    assert not jnp.allclose(one.out.kernel[...], other.out.kernel[...])
    assert len(jax.tree.leaves(one)) == 5


def test_a_transformer_may_stand_in_the_place_of_a_cell():
    config = MemoryConfig("transformer", StackConfig(hidden_sizes=(16,)), num_heads=2)

    def build():
        model = MemoryModel(3, 2, config, rngs=nnx.Rngs(0))
        alone = Transformer(3, TransformerConfig(1, 16, 2), rngs=nnx.Rngs(0))
        return model, alone, model(jnp.zeros((5, 4), jnp.int32))

    model, alone, answers = jax.eval_shape(build)
    assert jax.tree.structure(model.transformer) == jax.tree.structure(alone)
    assert answers.shape == (5, 4, 2)
