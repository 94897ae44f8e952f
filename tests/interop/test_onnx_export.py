"""What we write as ONNX, onnxruntime computes as we do: padded, from given states."""

import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm import (
    Bidirectional,
    CIFGLSTMCell,
    GRUCell,
    LSTMCell,
    OdysseyLSTMCell,
    PeepholeLSTMCell,
    Recurrent,
    RNNCell,
    Stack,
)
from jlstm.activations import ELU, Affine, Clipped, HardSigmoid, LeakyReLU
from jlstm.interop.onnx import carry_from_onnx, carry_to_onnx, from_onnx, to_onnx
from tests.interop.onnx_cases import run_model
from tests.interop.peers import need
from tests.quick import quick

TOL = 2e-6  # float32
LENGTHS = np.array([5, 3, 1, 4], np.int32)


@pytest.fixture(autouse=True)
def _onnx():
    need("onnx")


LAYERS = {
    "lstm": (Recurrent(LSTMCell(3)), "LSTM"),
    "reverse": (Recurrent(GRUCell(3), reverse=True), "GRU"),
    "bidirectional": (Bidirectional(GRUCell(3, "before")), "GRU"),
    "two kinds": (Bidirectional(LSTMCell(3), GRUCell(4)), "LSTM GRU"),
    "sum": (Bidirectional(LSTMCell(3), merge="sum"), "LSTM"),
    "mul": (Bidirectional(RNNCell(3), merge="mul"), "RNN"),
    "mean, two kinds": (Bidirectional(GRUCell(3), LSTMCell(3), "mean"), "GRU LSTM"),
    "no bias": (
        Stack(
            (
                Bidirectional(GRUCell(2, use_bias=False)),
                Recurrent(RNNCell(5, "relu", use_bias=False)),
                Bidirectional(LSTMCell(2, use_bias=False), LSTMCell(2)),
            )
        ),
        "GRU RNN LSTM",
    ),
    "peepholes": (
        Stack(
            (
                Bidirectional(PeepholeLSTMCell(3), OdysseyLSTMCell(3, peepholes=False)),
                Recurrent(OdysseyLSTMCell(2)),
            ),
            dropout=0.3,
        ),
        "LSTM LSTM",
    ),
    "coupled": (
        Stack(
            (
                Recurrent(CIFGLSTMCell(3)),
                Bidirectional(OdysseyLSTMCell(2, coupled=True)),
            )
        ),
        "LSTM LSTM",
    ),
    "heads": (
        Stack(
            (
                Recurrent(LSTMCell(4, num_heads=2)),
                Recurrent(GRUCell(4, num_heads=2)),
                Recurrent(RNNCell(4, num_heads=4)),
            ),
            connect="residual",
        ),
        "LSTM GRU RNN",
    ),
    "skip": (
        Stack(
            (Recurrent(GRUCell(3)), Stack((Bidirectional(RNNCell(2)),))),
            connect="skip",
        ),
        "GRU RNN",
    ),
    "highway": (
        Stack((Recurrent(RNNCell(4)), Bidirectional(GRUCell(2))), connect="highway"),
        "RNN GRU",
    ),
    "activations": (
        Bidirectional(
            LSTMCell(3, 1.0, True, "hard_sigmoid", ELU(0.7), "softsign"),
            LSTMCell(3, 1.0, True, HardSigmoid(0.3, 0.4), LeakyReLU(0.2), "identity"),
        ),
        "LSTM",
    ),
    "clipped": (
        Stack(
            (
                Recurrent(RNNCell(3, Clipped("relu", 0.7))),
                Recurrent(
                    GRUCell(
                        3, "after", True, Clipped("sigmoid", 0.4), Clipped("tanh", 0.4)
                    )
                ),
            )
        ),
        "RNN GRU",
    ),
}
READ_AGAIN = (
    "reverse",
    "bidirectional",
    "coupled",
    "no bias",
    "activations",
    "clipped",
)


def random_like(tree, rng):
    return jax.tree.map(
        lambda leaf: jnp.asarray(0.5 * rng.standard_normal(leaf.shape), jnp.float32),
        tree,
    )


@functools.cache
def drawn(layer):
    """Return parameters, inputs and a carry, none of them zero."""
    rng = np.random.default_rng(1)
    shapes = jax.eval_shape(lambda: layer.init(jax.random.key(0), 2))
    carry = jax.eval_shape(lambda: layer.init_carry((4,)))
    xs = rng.standard_normal((5, 4, 2)).astype(np.float32)
    return random_like(shapes, rng), xs, random_like(carry, rng)


@functools.partial(jax.jit, static_argnums=0)
def ours(layer, params, xs, carry, lengths):
    return layer.apply(params, xs, carry, lengths=lengths)


def require_close(actual, wanted):
    chex.assert_trees_all_close(actual, wanted, rtol=TOL, atol=TOL)


@pytest.mark.parametrize("name", quick(LAYERS, 8))
def test_onnxruntime_computes_what_we_do(name):
    layer, op_types = LAYERS[name]
    params, xs, carry = drawn(layer)
    model = to_onnx(layer, params, lengths=True, carry=True)
    need("onnx").checker.check_model(model, full_check=True)
    recurrent = [n.op_type for n in model.graph.node if n.op_type in "LSTM GRU RNN"]
    assert " ".join(recurrent) == op_types
    start = {k: np.asarray(v) for k, v in carry_to_onnx(layer, carry).items()}
    out = run_model(model, {"X": xs, "sequence_lens": LENGTHS, **start})
    last, ys = ours(layer, params, xs, carry, LENGTHS)
    np.testing.assert_allclose(out["Y"], ys, rtol=TOL, atol=TOL)
    assert not out["Y"][LENGTHS[1] :, 1].any()  # padding
    require_close(carry_from_onnx(layer, out), last)


@pytest.mark.parametrize("name", READ_AGAIN)
def test_what_we_write_we_read_again(name):
    layer, _ = LAYERS[name]
    params, *_ = drawn(layer)
    model = to_onnx(layer, params)
    read = from_onnx(model)
    assert (read.carry, read.batch_first) == (None, False)
    again = to_onnx(read.layer, read.params)
    assert again.graph.node == model.graph.node
    assert again.graph.initializer == model.graph.initializer


def test_a_layer_comes_back_as_it_was():
    layer = Stack((Bidirectional(PeepholeLSTMCell(3)), Recurrent(RNNCell(2, "relu"))))
    params, *_ = drawn(layer)
    read = from_onnx(to_onnx(layer, params))
    assert read.layer == layer
    chex.assert_trees_all_equal(read.params, params)


def test_one_model_runs_every_size_and_starts_from_zero():
    layer, _ = LAYERS["lstm"]
    params, xs, carry = drawn(layer)
    model = to_onnx(layer, params)
    zero = jax.tree.map(jnp.zeros_like, carry)
    for steps in (5, 2):
        out = run_model(model, {"X": xs[:steps]})
        _, ys = ours(layer, params, xs, zero, np.full(4, steps, np.int32))
        np.testing.assert_allclose(out["Y"], ys[:steps], rtol=TOL, atol=TOL)
    out = run_model(model, {"X": xs[:, :3]})
    _, ys = ours(layer, params, xs, zero, np.full(4, 5, np.int32))
    np.testing.assert_allclose(out["Y"], ys[:, :3], rtol=TOL, atol=TOL)


@pytest.mark.parametrize(
    ("layer", "kind", "message"),
    [
        (
            Recurrent(LSTMCell(3, cell_clip=1.0)),
            ValueError,
            "cell_clip is 1.0 where it has only None",
        ),
        (
            Recurrent(jlstm.ProjectedLSTMCell(3, 2)),
            TypeError,
            "no cell like ProjectedLSTMCell",
        ),
        (
            Recurrent(jlstm.Zoneout(LSTMCell(3), 0.1, 0.1)),
            TypeError,
            "no cell like Zoneout",
        ),
        (
            Recurrent(OdysseyLSTMCell(3, input_gate=False)),
            ValueError,
            "input_gate is False where it has only True",
        ),
        (
            Recurrent(RNNCell(3, "gelu")),
            ValueError,
            "ONNX has no activation 'gelu': .*Use one of these",
        ),
        (
            Recurrent(LSTMCell(3, activation=Clipped("tanh", 1.0))),
            ValueError,
            "one clip for the inputs of all its activations",
        ),
        (
            Recurrent(GRUCell(3, "after", True, Affine(1.0), jnp.arctan)),
            ValueError,
            "ONNX has no activation",
        ),
    ],
    ids=["cell_clip", "projected", "wrapped", "odyssey", "gelu", "clip", "function"],
)
def test_what_onnx_cannot_express_is_an_error_that_says_why(layer, kind, message):
    params, *_ = drawn(layer)
    with pytest.raises(kind, match=message):
        to_onnx(layer, params)


def test_parameters_of_another_dtype_are_refused():
    layer = Recurrent(GRUCell(3))
    params, *_ = drawn(layer)
    params = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), params)
    with pytest.raises(TypeError, match=r"float16, float32 or float64; .* bfloat16"):
        to_onnx(layer, params)


@pytest.mark.usefixtures("unchecked")
def test_a_layer_that_is_none_of_ours_is_refused():
    params, *_ = drawn(Recurrent(GRUCell(3)))
    with pytest.raises(TypeError, match=r"cannot hold 'rnn'; give Recurrent"):
        to_onnx("rnn", params)


def test_a_cell_is_a_layer_of_one():
    layer = Recurrent(GRUCell(3))
    params, _, carry = drawn(layer)
    assert to_onnx(layer.cell, params) == to_onnx(layer, params)
    jax.tree.map(
        np.testing.assert_array_equal,
        carry_to_onnx(layer.cell, carry),
        carry_to_onnx(layer, carry),
    )
