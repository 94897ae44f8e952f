"""LSTM, PeepholeLSTM, GRU and SimpleRNN are stacks of their cell."""

import jax
import pytest
from flax import nnx

import jlstm.nnx
from jlstm import (
    Bidirectional,
    GRUCell,
    LSTMCell,
    PeepholeLSTMCell,
    Recurrent,
    RNNCell,
    Stack,
)
from tests.nnx.samples import H, X


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(
    ("kind", "cell", "options"),
    [
        (jlstm.nnx.LSTM, LSTMCell(H), {}),
        (jlstm.nnx.LSTM, LSTMCell(H, forget_bias=3.0), {"forget_bias": 3.0}),
        (jlstm.nnx.PeepholeLSTM, PeepholeLSTMCell(H), {}),
        (jlstm.nnx.GRU, GRUCell(H), {}),
        (jlstm.nnx.GRU, GRUCell(H, reset="before"), {"reset": "before"}),
        (jlstm.nnx.SimpleRNN, RNNCell(H), {}),
        (jlstm.nnx.SimpleRNN, RNNCell(H, activation="relu"), {"activation": "relu"}),
        (jlstm.nnx.SimpleRNN, RNNCell(H, use_bias=False), {"use_bias": False}),
    ],
)
def test_conveniences_are_stacks_of_their_cell(kind, cell, options, bidirectional):
    arguments = {"dropout": 0.3, "variational": True, **options}
    model = jax.eval_shape(
        lambda: kind(X, H, 2, bidirectional, **arguments, rngs=nnx.Rngs(0))
    )
    one = Bidirectional(cell) if bidirectional else Recurrent(cell)
    layer = Stack((one, one), dropout=0.3, variational=True)
    params = jax.eval_shape(lambda: layer.init(jax.random.key(0), X))
    assert type(model) is kind
    assert model.layer == layer
    assert model.pure_params() == params
    assert model.output_size == (2 * H if bidirectional else H)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_layers": 0}, "num_layers is 0; give a positive number of layers"),
        ({"dropout": 1.0}, "Stack: dropout is 1.0; give a probability"),
        ({"hidden_size": 0}, "hidden_size is 0; give a positive integer"),
    ],
)
def test_refuses_options_out_of_range(options, message):
    arguments = {"input_size": X, "hidden_size": H, **options}
    with pytest.raises(ValueError, match=message):
        jlstm.nnx.SimpleRNN(**arguments, rngs=nnx.Rngs(0))
