"""The traced top layer does what the model does."""

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jlstm.analysis.layer_inputs import trace_top
from jlstm.tasks.language.model import LanguageConfig, LanguageDropout, LanguageModel
from jlstm.training.config.stack import StackConfig
from tests.quick import quick

TOKENS = jnp.array([[3, 1], [4, 1], [5, 2], [6, 5]], jnp.int32)


def make(dropout=None, **stack):
    drops = dropout or LanguageDropout()
    config = LanguageConfig(StackConfig(**stack), dropout=drops)
    return LanguageModel(7, config, rngs=nnx.Rngs(2))


@pytest.mark.parametrize(
    "options",
    quick(
        [
            {"hidden_sizes": (4,), "connect": "highway"},
            {"cell": "GRUCell", "hidden_sizes": (4, 3, 2)},
            {"cell": "PeepholeLSTMCell", "hidden_sizes": (3, 3), "init": "uniform"},
            {
                "hidden_sizes": (4, 3),
                "dropout": LanguageDropout(0.5, 0.5, 0.5, 0.5, 0.5),
            },
        ]
    ),
)
def test_the_outputs_are_those_of_the_last_layer(options):
    model = make(**options)
    carries, _ = trace_top(model.top_layer_inputs(TOKENS))
    _, hs = model.features(TOKENS)
    np.testing.assert_allclose(carries.h, hs, rtol=1e-6, atol=1e-7)


def test_the_gates_explain_the_cell_state():
    carries, gates = trace_top(make(hidden_sizes=(4, 3)).top_layer_inputs(TOKENS))
    before = jnp.concatenate([jnp.zeros_like(carries.c[:1]), carries.c[:-1]])
    c = gates.f * before + gates.i * gates.g
    np.testing.assert_allclose(carries.c, c, rtol=1e-6)
    np.testing.assert_allclose(carries.h, gates.o * jnp.tanh(c), rtol=1e-5)


@pytest.mark.long
def test_a_carry_goes_on_where_the_text_before_ended():
    model = make(hidden_sizes=(4, 3))
    whole, _ = trace_top(model.top_layer_inputs(TOKENS))
    carry, _ = model.features(TOKENS[:2])
    rest, _ = trace_top(model.top_layer_inputs(TOKENS[2:], carry))
    np.testing.assert_allclose(rest.c, whole.c[2:], rtol=1e-6)
