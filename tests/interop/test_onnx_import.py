"""An ONNX node runs here as the operator is defined, and as onnxruntime runs it.

Where onnxruntime 1.32 computes something else than the definition, a test says what.
"""

import dataclasses
import functools

import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm.interop.onnx import from_onnx_node
from tests.interop.onnx_cases import (
    Case,
    arrays_of,
    cases,
    node_of,
    oracle_of,
    run_node_in_onnxruntime,
    run_ours,
)
from tests.interop.onnx_oracle import Settings
from tests.interop.peers import need

TOL = 3e-6  # float32
TABLE = tuple(cases())


def is_clipped_lstm(case):
    return case.op_type == "LSTM" and case.settings.clip is not None


RUN_BY_ONNXRUNTIME = [
    case
    for case in TABLE
    if not case.settings.layout
    and not is_clipped_lstm(case)
    and not (case.lens and 0 in case.lens)
]


@pytest.fixture(autouse=True)
def _onnx():
    need("onnx")


@functools.cache
def ours(case):
    arrays = arrays_of(case)
    return run_ours(node_of(case, arrays), arrays)


def require_close(actual, wanted):
    assert len(actual) == len(wanted)
    for name, a, b in zip(("Y", "Y_h", "Y_c"), actual, wanted, strict=False):
        np.testing.assert_allclose(a, b, rtol=TOL, atol=TOL, err_msg=name)


@pytest.mark.parametrize("case", TABLE, ids=str)
def test_a_node_computes_what_the_operator_is_defined_to(case):
    require_close(ours(case), oracle_of(case, arrays_of(case)))


@pytest.mark.parametrize("case", RUN_BY_ONNXRUNTIME, ids=str)
def test_a_node_computes_what_onnxruntime_does(case):
    require_close(ours(case), run_node_in_onnxruntime(case, arrays_of(case)))


def test_the_table_has_every_activation_and_every_attribute():
    names = {name for case in TABLE for name in case.settings.activations}
    assert len(names) == 11
    changed = {
        field.name
        for case in TABLE
        for field in dataclasses.fields(Settings)
        if getattr(case.settings, field.name) != field.default
    }
    assert changed == {field.name for field in dataclasses.fields(Settings)}


@pytest.mark.parametrize("op_type", ["LSTM", "GRU", "RNN"])
def test_onnxruntime_forgets_the_initial_state_of_an_empty_row(op_type):
    case = Case(op_type, lens=(5, 0, 2))
    arrays = arrays_of(case)
    mine, theirs = ours(case), run_node_in_onnxruntime(case, arrays)
    np.testing.assert_array_equal(mine[1][0, 1], arrays["initial_h"][0, 1])
    assert not theirs[1][0, 1].any()
    rows = np.array([0, 2])
    require_close(
        [mine[0], mine[1][:, rows]], [theirs[0], np.asarray(theirs[1])[:, rows]]
    )


def test_onnxruntime_does_not_clip_what_an_lstm_shows():
    case = Case("LSTM", Settings(clip=0.4))
    arrays = arrays_of(case)
    theirs = run_node_in_onnxruntime(case, arrays)
    assert np.abs(ours(case)[0] - theirs[0]).max() > 0.01
    layer, params = from_onnx_node(
        node_of(case, arrays), *(arrays[name] for name in "WRB")
    )
    cell = dataclasses.replace(layer.cell, output_activation="tanh")
    start = (jnp.asarray(arrays[name][0]) for name in ("initial_h", "initial_c"))
    _, ys = jlstm.unroll(
        cell,
        params,
        jnp.asarray(arrays["X"]),
        jlstm.LSTMCarry(*start),
        lengths=jnp.asarray(arrays["sequence_lens"]),
    )
    np.testing.assert_allclose(ys, theirs[0][:, 0], rtol=TOL, atol=TOL)


def test_onnxruntime_has_no_layout_1():
    need("onnxruntime")
    case = Case("GRU", Settings(layout=1))
    with pytest.raises(Exception, match=r"[Bb]atchwise|layout"):
        run_node_in_onnxruntime(case, arrays_of(case))


@pytest.mark.parametrize("name", ["Affine", "ThresholdedRelu"])
def test_onnxruntime_has_other_defaults_of_numbers(name):
    """The definition's are alpha 1 and beta 0; onnxruntime's are 0."""
    zero = Settings(
        activations=(name,),
        activation_alpha=(0.0,),
        activation_beta=(0.0,) if name == "Affine" else (),
    )
    bare = Case("RNN", Settings(activations=(name,)))
    theirs = run_node_in_onnxruntime(bare, arrays_of(bare))
    require_close(ours(Case("RNN", zero)), theirs)
    require_close(ours(bare), oracle_of(bare, arrays_of(bare)))


def test_a_missing_state_next_to_a_given_one_is_zero():
    case = Case("LSTM")
    arrays = arrays_of(case) | {"initial_h": None}
    mine = run_ours(node_of(case, arrays), arrays)
    require_close(mine, oracle_of(case, arrays))


def make(op_type, **attributes):
    return need("onnx").helper.make_node(op_type, ["X", "W", "R"], ["Y"], **attributes)


def weights(rows, ways=1, units=3):
    return np.ones((ways, rows, 2)), np.ones((ways, rows, units))


def test_a_layer_says_what_the_node_said():
    names = ["HardSigmoid", "LeakyRelu", "Affine"]
    node = make(
        "LSTM",
        direction="reverse",
        activations=names,
        activation_alpha=[0.25, 0.5, 2.0],
        activation_beta=[0.75],
    )
    layer, params = from_onnx_node(node, *weights(12))
    act = jlstm.activations
    assert layer == jlstm.Recurrent(
        jlstm.LSTMCell(
            3,
            use_bias=False,
            gate_activation=act.HardSigmoid(0.25, 0.75),
            activation=act.LeakyReLU(0.5),
            output_activation=act.Affine(2.0, 0.0),
        ),
        reverse=True,
    )
    assert params.b is None


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"direction": "backward"}, "direction is 'backward'; ONNX defines forward"),
        ({"layout": 2}, "layout is 2; ONNX defines 0"),
        ({"hidden_size": 4}, "hidden_size is 4; its R has 3 units"),
        ({"output_sequence": 1}, "attribute 'output_sequence'"),
        ({"activations": ["Tanh", "Tanh", "Tanh"]}, "has 3 activations"),
        ({"activations": ["Swish", "Tanh"]}, "'Swish' is not one that ONNX defines"),
        ({"activations": ["ScaledTanh", "Tanh"]}, "has no alpha and no beta"),
        ({"activation_alpha": [0.3]}, "activation_alpha has 1 more than"),
    ],
)
def test_what_a_node_may_not_say(attributes, message):
    with pytest.raises(ValueError, match=message):
        from_onnx_node(make("GRU", **attributes), *weights(9))


def test_weights_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"W has shape \(1, 9, 2\); for 2 direction"):
        from_onnx_node(make("GRU", direction="bidirectional"), *weights(9))
    with pytest.raises(ValueError, match=r"B has shape \(1, 9\).*takes \(1, 18\)"):
        from_onnx_node(make("GRU"), *weights(9), b=np.ones((1, 9)))
    with pytest.raises(ValueError, match=r"give\s+\(directions, gates·h, x\)"):
        from_onnx_node(make("GRU"), np.ones((9, 2)), np.ones((9, 3)))


def test_another_operator_is_refused():
    with pytest.raises(ValueError, match="is a Gemm of domain ''; give an LSTM"):
        from_onnx_node(make("Gemm"), *weights(9))
