"""Model files: what exporters write becomes a stack that computes the same."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm import Bidirectional, GRUCell, LSTMCell, Recurrent, RNNCell, Stack
from jlstm.interop.onnx import from_onnx
from tests.interop.onnx_cases import run_model
from tests.interop.peers import need

GOLDEN = Path(__file__).parent / "golden" / "onnx"
TOL = 2e-6  # float32
LSTMS = Stack((Bidirectional(LSTMCell(3)), Bidirectional(LSTMCell(3))))
GRUS = Stack((Recurrent(GRUCell(3)), Recurrent(GRUCell(3))))
FILES = {  # layer, whether batch is first, which shapes the file takes
    "lstm_torchscript": (LSTMS, False, [(4, 3, 2), (6, 2, 2)]),
    "lstm_dynamo": (LSTMS, False, [(4, 3, 2)]),
    "gru_torchscript": (GRUS, True, [(4, 3, 2), (2, 5, 2)]),
    "gru_dynamo": (GRUS, True, [(4, 3, 2)]),
    "relu_torchscript": (
        Stack((Recurrent(RNNCell(3, "relu", use_bias=False)),)),
        False,
        [(4, 3, 2), (4, 1, 2)],
    ),
}


@pytest.fixture(autouse=True)
def _onnx():
    need("onnx")


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def apply(read, x, carry=None):
    """Return the outputs of the imported layer, in the model's order of axes."""
    swap = read.batch_first
    xs = jnp.asarray(x.swapaxes(0, 1) if swap else x)
    _, ys = jax.jit(read.layer.apply)(read.params, xs, carry)
    return ys.swapaxes(0, 1) if swap else ys


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_torchs_exporters_becomes_a_stack(name):
    layer, batch_first, shapes = FILES[name]
    read = from_onnx(GOLDEN / f"{name}.onnx")
    assert (read.layer, read.batch_first, read.carry) == (layer, batch_first, None)
    model = need("onnx").load(GOLDEN / f"{name}.onnx")
    for shape in shapes:
        x = normal(*shape)
        theirs = next(iter(run_model(model, {model.graph.input[0].name: x}).values()))
        np.testing.assert_allclose(apply(read, x), theirs, rtol=TOL, atol=TOL)


def test_initial_states_that_are_inputs_are_given_to_the_layer():
    path = str(GOLDEN / "states_dynamo.onnx")
    read = from_onnx(path)
    assert read.carry is None
    x, h, c = normal(4, 3, 2), normal(2, 3, 3, seed=1), normal(2, 3, 3, seed=2)
    carry = tuple(
        jlstm.LSTMCarry(*map(jnp.asarray, hc)) for hc in zip(h, c, strict=True)
    )
    theirs = run_model(need("onnx").load(path), {"x": x, "h": h, "c": c})
    np.testing.assert_allclose(
        apply(read, x, carry), next(iter(theirs.values())), rtol=TOL, atol=TOL
    )


class Writer:
    """Writes a small model by hand."""

    def __init__(self, *shape):
        self.onnx = need("onnx")
        self.nodes, self.constants = [], []
        self.inputs = {"x": shape}

    def node(self, op_type, inputs, outputs, **attributes):
        made = self.onnx.helper.make_node(op_type, inputs, outputs, **attributes)
        self.nodes.append(made)

    def constant(self, name, array):
        self.constants.append(self.onnx.numpy_helper.from_array(array, name))

    def recurrent(self, op_type, x, y, n, *rest, features=2, gates=1, **attributes):
        """Add a recurrent node of three units with weights of its own."""
        ways = 2 if attributes.get("direction") == "bidirectional" else 1
        self.constant(f"w{n}", normal(ways, 3 * gates, features, seed=n + 10))
        self.constant(f"r{n}", normal(ways, 3 * gates, 3, seed=n + 20))
        inputs = [x, f"w{n}", f"r{n}", *rest]
        self.node(op_type, inputs, [y], hidden_size=3, **attributes)

    def model(self, output="y"):
        helper = self.onnx.helper
        inputs = [
            helper.make_tensor_value_info(
                name,
                6 if name == "lens" else 1,
                [size or f"{name}{n}" for n, size in enumerate(shape)],
            )
            for name, shape in self.inputs.items()
        ]
        outputs = [helper.make_tensor_value_info(output, 1, None)]
        graph = helper.make_graph(self.nodes, "g", inputs, outputs, self.constants)
        opset = helper.make_opsetid("", 14)
        return helper.make_model(graph, opset_imports=[opset], ir_version=8)


def test_directions_that_are_split_and_joined_again_as_keras_exporters_do():
    w = Writer(0, 0, 2)
    w.node("Transpose", ["x"], ["xs"], perm=[1, 0, 2])
    w.recurrent("LSTM", "xs", "y0", 0, gates=4, direction="bidirectional")
    w.node("Split", ["y0"], ["left", "right"], axis=1)
    w.constant("one", np.array([1]))
    w.node("Squeeze", ["left", "one"], ["l"])
    w.node("Squeeze", ["right", "one"], ["r"])
    w.node("Concat", ["l", "r"], ["below"], axis=2)
    w.recurrent("GRU", "below", "y1", 1, features=6, gates=3, direction="reverse")
    w.node("Squeeze", ["y1", "one"], ["ys"])
    w.node("Transpose", ["ys"], ["y"], perm=[1, 0, 2])
    read = from_onnx(w.model())
    assert read.batch_first
    x = normal(3, 5, 2)
    theirs = run_model(w.model(), {"x": x})["y"]
    np.testing.assert_allclose(apply(read, x), theirs, rtol=TOL, atol=TOL)


def test_states_that_the_file_fixes_are_the_carry():
    w = Writer(4, 2, 2)
    start = normal(1, 2, 3, seed=5)
    w.constant("start", start)
    w.recurrent("RNN", "x", "y0", 0, "", "", "start")
    w.constant("one", np.array([1]))
    w.node("Squeeze", ["y0", "one"], ["below"])
    w.recurrent("LSTM", "below", "y", 1, "", "", "", "start", features=3, gates=4)
    read = from_onnx(w.model())
    np.testing.assert_array_equal(read.carry[0].h, start[0])
    np.testing.assert_array_equal(read.carry[1].h, 0 * start[0])
    np.testing.assert_array_equal(read.carry[1].c, start[0])
    x = normal(4, 2, 2)
    theirs = run_model(w.model(), {"x": x})["y"][:, 0]
    ours = apply(read, x, read.carry)
    np.testing.assert_allclose(ours, theirs, rtol=TOL, atol=TOL)


def test_lengths_that_are_an_input_are_given_to_the_layer():
    w = Writer(0, 0, 2)
    w.inputs["lens"] = (3,)
    w.recurrent("RNN", "x", "y", 0, "", "lens")
    assert from_onnx(w.model()).layer == Stack((Recurrent(RNNCell(3, use_bias=False)),))


def broken(kind):
    """Return a model that is no stack of recurrent nodes."""
    w = Writer(0, 0, 2)
    if kind == "head":
        w.recurrent("RNN", "x", "y0", 0)
        w.node("Relu", ["y0"], ["y"])
    elif kind == "noise":
        w.node("RandomNormal", [], ["noise"], shape=[4, 3, 2])
        w.recurrent("RNN", "noise", "y", 0)
    elif kind == "embedding":
        w.inputs["lens"] = (4, 3)  # of whole numbers
        w.constant("table", normal(10, 2))
        w.node("Gather", ["table", "lens"], ["below"])
        w.recurrent("RNN", "below", "y", 0)
    elif kind == "none":
        w.node("Identity", ["x"], ["y"])
    elif kind == "scrambled":
        w.recurrent("RNN", "x", "y0", 0, direction="bidirectional")
        w.constant("shape", np.array([0, 0, -1]))
        w.node("Reshape", ["y0", "shape"], ["below"])  # without a Transpose
        w.recurrent("RNN", "below", "y", 1, features=6)
    elif kind == "lengths":
        w.constant("fixed", np.array([2, 1, 1], np.int32))
        w.recurrent("RNN", "x", "y", 0, "", "fixed")
    elif kind == "weights":
        w.inputs["w"] = (1, 3, 2)
        w.constant("r", normal(1, 3, 3))
        w.node("RNN", ["x", "w", "r"], ["y"])
    elif kind == "state":
        w.constant("learned", normal(1, 1, 3))
        w.node("Shape", ["x"], ["sizes"])
        w.constant("place", np.array([1]))
        w.node("Gather", ["sizes", "place"], ["b"])
        w.constant("n", np.array([1]))
        w.constant("h", np.array([3]))
        w.node("Concat", ["n", "b", "h"], ["wanted"], axis=0)
        w.node("Expand", ["learned", "wanted"], ["start"])
        w.recurrent("RNN", "x", "y", 0, "", "", "start")
    elif kind == "input":
        w.node("Concat", ["x", "x"], ["xx"], axis=2)
        w.recurrent("RNN", "xx", "y", 0, features=4)
    return w.model()


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("head", "has a Relu node 'y'; from_onnx reads"),
        ("noise", "has a RandomNormal node 'noise'"),
        ("embedding", r"Gather node 'below' does not run .* cut an embedding off"),
        ("none", "no LSTM, GRU or RNN node"),
        ("scrambled", "input of the RNN node 'y' is not the output"),
        ("lengths", "sequence_lens of the RNN node 'y' are fixed"),
        ("weights", "input W of the RNN node 'y' is not a constant"),
        ("state", "initial state of the RNN node 'y' is computed"),
        ("input", "input of the RNN node 'y' is none of the model's inputs"),
    ],
)
def test_what_is_no_stack_is_an_error_that_says_why(kind, message):
    with pytest.raises(ValueError, match=message):
        from_onnx(broken(kind))
