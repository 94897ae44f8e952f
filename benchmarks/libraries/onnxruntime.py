"""ONNX Runtime: the ``LSTM`` or ``GRU`` operator; it has no backward pass here."""

import os
import time
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from benchmarks.problem import Part, Problem, inputs, parts
from benchmarks.program import Program, Unsupported
from benchmarks.rows import GATES

PACKAGES = ("onnxruntime",)
ORDERS = {"lstm": (0, 3, 1, 2), "gru": (1, 0, 2)}
"""ONNX has the gates i, o, f, g and z, r, n."""


def build(given: dict[str, Any]) -> Program:
    """Build a session; making it is what counts as compiling."""
    problem = Problem.read(given)
    if problem.cell not in GATES or problem.mode not in ("forward", "step", "compile"):
        raise Unsupported(f"has no {problem.mode} of {problem.cell}")
    if problem.mode == "step" and not problem.row.is_plain:
        raise Unsupported("a step of this row means nothing")
    xs = inputs(problem)
    feeds = {"xs": xs[None] if problem.mode == "step" else xs}
    data = graph(problem).SerializeToString()
    if problem.mode == "compile":
        return Program(lambda: session(data))
    started = time.perf_counter()
    loaded = session(data)
    seconds = time.perf_counter() - started
    return Program(lambda: loaded.run(None, feeds), seconds)


def session(data: bytes) -> onnxruntime.InferenceSession:
    """Load a model, for as many threads as this process may use."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "0"))
    return onnxruntime.InferenceSession(
        data, options, providers=["CPUExecutionProvider"]
    )


def graph(problem: Problem) -> onnx.ModelProto:
    """Return the model: one operator a layer, outputs merged as time × batch × H."""
    row, nodes, weights = problem.row, [], []
    xs, carry = "xs", []
    if row.padded:
        weights.append(numpy_helper.from_array(row.lengths(), "lengths"))
    merged = np.array([0, 0, -1])
    weights.append(numpy_helper.from_array(merged, "merged"))
    for n, level in enumerate(parts(problem)):
        weights += initializers(problem, level, n)
        last = [f"h{n}", f"c{n}"][: 2 if problem.cell == "lstm" else 1]
        nodes += operator(problem, xs, n, last)
        xs, carry = f"ys{n}", carry + last
    floats = onnx.TensorProto.FLOAT
    names = [helper.make_tensor_value_info(name, floats, None) for name in (xs, *carry)]
    steps = 1 if problem.mode == "step" else row.steps
    shape = steps, row.batch, row.input_size
    given = helper.make_tensor_value_info("xs", floats, shape)
    body = helper.make_graph(nodes, "rnn", [given], names, weights)
    opset = helper.make_opsetid("", 14)
    return helper.make_model(body, opset_imports=[opset], ir_version=8)


def operator(problem: Problem, xs: str, n: int, last: list[str]) -> list[Any]:
    """Return the nodes of layer ``n``: ONNX gives time × directions × batch × H."""
    row = problem.row
    options = {"linear_before_reset": 1} if problem.cell == "gru" else {}
    return [
        helper.make_node(
            problem.cell.upper(),
            [xs, f"W{n}", f"R{n}", f"B{n}", "lengths" if row.padded else ""],
            [f"each{n}", *last],
            hidden_size=row.hidden_size,
            direction="bidirectional" if row.bidirectional else "forward",
            **options,
        ),
        helper.make_node("Transpose", [f"each{n}"], [f"apart{n}"], perm=(0, 2, 1, 3)),
        helper.make_node("Reshape", [f"apart{n}", "merged"], [f"ys{n}"]),
    ]


def initializers(problem: Problem, level: list[Part], n: int) -> list[Any]:
    """Return W, R and B of layer ``n``, directions first."""
    order = list(ORDERS[problem.cell])

    def rows(w: np.ndarray) -> np.ndarray:
        return w[:, order].reshape(len(w), -1).T

    def biases(part: Part) -> np.ndarray:
        inside = part.b * 0
        if part.b_hn is not None:
            inside[-1] = part.b_hn
        return np.concatenate([part.b[order].ravel(), inside[order].ravel()])

    stacked = {
        f"W{n}": [rows(part.w_ih) for part in level],
        f"R{n}": [rows(part.w_hh) for part in level],
        f"B{n}": [biases(part) for part in level],
    }
    return [numpy_helper.from_array(np.stack(v), name) for name, v in stacked.items()]
