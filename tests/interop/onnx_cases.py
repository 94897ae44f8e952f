"""Nodes with random inputs, and one-node models of them, for the tests of ONNX."""

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from jlstm.interop.onnx import run_onnx_node
from tests.interop.onnx_oracle import DEFAULTS, Settings, run
from tests.interop.peers import need

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
INPUTS = ("X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P")
ROWS, STEPS = 3, 5
LENS = (5, 2, 4)


@dataclass(frozen=True)
class Case:
    """A node of three rows, two features and three units, and what it is given."""

    op_type: str
    settings: Settings = Settings()
    bias: bool = True
    lens: tuple | None = LENS
    states: bool = True
    peepholes: bool = False

    def __str__(self):
        s = self.settings
        words = [
            self.op_type,
            s.direction,
            *[f"{name}={value}" for name, value in _changed(s).items()],
            *(["no bias"] if not self.bias else []),
            *(["no lens"] if self.lens is None else []),
            *(["no states"] if not self.states else []),
            *(["peepholes"] if self.peepholes else []),
        ]
        return " ".join(words)


def _changed(settings):
    defaults = vars(Settings())
    return {
        name: value
        for name, value in vars(settings).items()
        if value != defaults[name] and name != "direction"
    }


def arrays_of(case, seed=0):
    """Draw the inputs of a node, float32 and none of them zero; None where missing."""
    rng = np.random.default_rng(seed)
    ways = 2 if case.settings.direction == "bidirectional" else 1
    rows, x, h = 3 * GATES[case.op_type], 2, 3

    def draw(*shape):
        return (0.7 * rng.standard_normal(shape)).astype(np.float32)

    def placed(array):
        return np.swapaxes(array, 0, 1).copy() if case.settings.layout else array

    is_lstm = case.op_type == "LSTM"
    drawn = {
        "X": placed(draw(STEPS, ROWS, x)),
        "W": draw(ways, rows, x),
        "R": draw(ways, rows, h),
        "B": draw(ways, 2 * rows) if case.bias else None,
        "sequence_lens": None if case.lens is None else np.array(case.lens, np.int32),
        "initial_h": placed(draw(ways, ROWS, h)) if case.states else None,
        "initial_c": placed(draw(ways, ROWS, h)) if case.states and is_lstm else None,
        "P": draw(ways, 3 * h) if case.peepholes else None,
    }
    return drawn


def node_of(case, arrays):
    """Make the node of a case; missing inputs have empty names."""
    helper = need("onnx").helper
    names = [name if arrays[name] is not None else "" for name in INPUTS]
    while not names[-1]:
        names.pop()
    attributes = {"hidden_size": 3, "direction": case.settings.direction}
    outputs = ["Y", "Y_h", "Y_c"] if case.op_type == "LSTM" else ["Y", "Y_h"]
    return helper.make_node(
        case.op_type, names, outputs, **attributes, **_changed(case.settings)
    )


def oracle_of(case, arrays):
    """Return Y, Y_h and, for an LSTM, Y_c as the definition has them, in float64."""
    wide = [
        a.astype(np.float64) if a is not None and a.dtype == np.float32 else a
        for a in (arrays[name] for name in INPUTS)
    ]
    return run(case.op_type, case.settings, *wide)[: 2 + (case.op_type == "LSTM")]


def run_ours(node, arrays):
    """Run a node through our layer; ``arrays`` are by the operator's names of inputs.

    Compiled as a whole that takes half the time of running operation by operation.
    """
    names = ("X", "sequence_lens", "initial_h", "initial_c")
    traced = {name: arrays[name] for name in names if arrays.get(name) is not None}

    @jax.jit
    def run(traced):
        given = arrays | traced
        return run_onnx_node(node, *(given.get(name) for name in INPUTS))

    return run(traced)


def run_model(model, feed):
    """Run a model in onnxruntime; return its outputs by name."""
    onnxruntime = need("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names: list[Any] = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, feed), strict=True))


def run_node_in_onnxruntime(case, arrays):
    """Return the outputs of a node as onnxruntime computes them."""
    helper = need("onnx").helper
    node = node_of(case, arrays)
    feed = {name: array for name, array in arrays.items() if array is not None}
    inputs = [
        helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
        )
        for name, array in feed.items()
    ]
    outputs = [helper.make_tensor_value_info(name, 1, None) for name in node.output]
    graph = helper.make_graph([node], "node", inputs, outputs)
    opset = helper.make_opsetid("", 14)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
    return list(run_model(model, feed).values())


def _numbers(name):
    alphas = {"LeakyRelu": 0.2, "ThresholdedRelu": 0.1, "Elu": 0.7}
    both = {"Affine": (0.4, 0.1), "ScaledTanh": (1.2, 0.6), "HardSigmoid": (0.3, 0.4)}
    if name in both:
        alpha, beta = both[name]
        return (alpha,), (beta,)
    return ((alphas[name],), ()) if name in alphas else ((), ())


def activation_cases():
    """Return cases that have each function in an RNN, and many in LSTM and GRU."""
    names = ["Relu", "Tanh", "Sigmoid", "Affine", "LeakyRelu", "ThresholdedRelu"]
    names += ["ScaledTanh", "HardSigmoid", "Elu", "Softsign", "Softplus", "Tanh"]
    for first in range(0, 12, 2):
        yield _with_activations("RNN", names[first : first + 2])
    for op_type, starts in (("LSTM", (3, 7)), ("GRU", (5, 8))):
        count = 2 * len(DEFAULTS[op_type])
        for start in starts:
            yield _with_activations(op_type, (names * 2)[start : start + count])


def _with_activations(op_type, names):
    alphas, betas = (
        sum((numbers[n] for numbers in map(_numbers, names)), ()) for n in range(2)
    )
    settings = Settings(
        "bidirectional",
        activations=tuple(names),
        activation_alpha=alphas,
        activation_beta=betas,
    )
    return Case(op_type, settings)


def cases():
    """Return the table: every attribute and every missing input, also combined."""
    for op_type in GATES:
        yield Case(op_type)
        yield Case(op_type, Settings("bidirectional"))
        yield Case(op_type, bias=False, lens=None, states=False)
        yield Case(op_type, Settings("reverse"), lens=(0, 5, 2), bias=False)
        yield Case(op_type, Settings("bidirectional", 1, clip=0.4), lens=(0, 5, 1))
        yield Case(op_type, Settings("reverse", clip=0.4))
    after = Settings(linear_before_reset=1)
    yield Case("GRU", after)
    yield Case("GRU", after, bias=False, states=False)
    yield Case("GRU", Settings("bidirectional", 1, 0.5, 0, 1))
    yield Case("LSTM", peepholes=True)
    yield Case("LSTM", Settings("bidirectional", clip=0.4), peepholes=True, bias=False)
    coupled = Settings(input_forget=1)
    yield Case("LSTM", coupled)
    yield Case("LSTM", coupled, peepholes=True)
    yield Case("LSTM", Settings("bidirectional", 1, 0.5, 1), peepholes=True)
    yield Case("LSTM", Settings("reverse", 0, None, 1), bias=False, states=False)
    yield from activation_cases()
