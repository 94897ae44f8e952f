"""Write a layer with its parameters as an ONNX model of LSTM, GRU and RNN nodes."""

from typing import Any, TypeAlias

import jax
import numpy as np

from jlstm._internal.types import Params
from jlstm.cell import Cell
from jlstm.interop._check import check_options
from jlstm.interop._layers import check_count, directions
from jlstm.interop.onnx.cells import is_one_operator
from jlstm.interop.onnx.graph import Graph, Half, add_operator, half_of
from jlstm.layers import Bidirectional, Layer, Recurrent, Stack

ModelProto: TypeAlias = Any
"""An ``onnx.ModelProto``; onnx is imported only where it is used."""

OPSET, IR_VERSION = 18, 8
TARGET = "An ONNX model"
MERGES = {
    "concat": ("Concat", {"axis": 2}),
    "sum": ("Sum", {}),
    "mul": ("Mul", {}),
    "mean": ("Mean", {}),
}


def to_onnx(
    layer: Cell | Layer, params: Params, *, lengths: bool = False, carry: bool = False
) -> ModelProto:
    """Return an ONNX model that computes ``layer``.

    Each cell over time becomes one LSTM, GRU or RNN node. The model takes ``X``, ``(t,
    b, x)`` with t and b free, and returns ``Y`` and of operator n the last states
    ``Y_h_n`` and, if it is an LSTM, ``Y_c_n``, as :func:`carry_from_onnx` reads them.

    A runtime may differ from the definition that jlstm follows: onnxruntime returns
    zero states for rows of length 0, whatever they start from, and does not clip the
    input of an LSTM's output activation.

    Args:
        layer: a cell, :class:`Recurrent`, :class:`Bidirectional` or a :class:`Stack` of
            them; dropout is left out.
        params: of the layer, all of one dtype that the operators take: float16, float32
            or float64, which onnxruntime does not run.
        lengths: also take ``sequence_lens``, one int32 for each row.
        carry: also take ``initial_h_n`` and ``initial_c_n``, as :func:`carry_to_onnx`
            makes them; else start from zeros.

    Raises:
        ValueError, TypeError: ONNX has no operator that computes it.

    Example::

        layer = Bidirectional(LSTMCell(3))
        model = to_onnx(layer, layer.init(jax.random.key(0), input_size=2))
        [node.op_type for node in model.graph.node]  # LSTM, Transpose, Reshape
    """
    dtype = _dtype(params)
    layer = Recurrent(layer) if isinstance(layer, Cell) else layer
    graph = Graph("sequence_lens" if lengths else "", carry)
    _add_layer(graph, layer, params, "X")
    graph.nodes[-1].output[0] = "Y"  # whichever node it is, it makes the outputs
    return _model(graph, layer, _input_size(layer, params), dtype)


def _add_layer(graph: Graph, layer: Layer, params: Params, source: str) -> str:
    """Append the nodes of a layer; return the name of its output, ``(t, b, h)``."""
    if isinstance(layer, Stack):
        return _add_stack(graph, layer, params, source)
    if not isinstance(layer, Recurrent | Bidirectional):
        raise TypeError(
            f"{TARGET} cannot hold {layer!r}; give Recurrent, Bidirectional or a Stack "
            "of them."
        )
    check_options(TARGET, layer, {"cell", "reverse", "forward", "backward", "merge"})
    halves = [half_of(*part) for part in directions(layer, params)]
    if isinstance(layer, Recurrent):
        direction = "reverse" if layer.reverse else "forward"
        return _add_one_way(graph, halves[0], direction, source)
    if is_one_operator(layer):
        y = add_operator(graph, halves, "bidirectional", source)
        return _merge_directions(graph, layer.merge, y)
    ways = zip(halves, ("forward", "reverse"), strict=True)
    ends = [_add_one_way(graph, *way, source) for way in ways]
    return _merge(graph, layer.merge, ends)


def _add_one_way(graph: Graph, half: Half, direction: str, source: str) -> str:
    """Append an operator of one direction, and drop the axis of directions."""
    y = add_operator(graph, [half], direction, source)
    axis = graph.constant("direction_axis", np.array([1], np.int64))
    return graph.add("Squeeze", [y, axis])


def _merge_directions(graph: Graph, merge: str, y: str) -> str:
    """Merge the two directions of one operator, ``(t, 2, b, h)``."""
    if merge == "concat":
        y = graph.add("Transpose", [y], {"perm": [0, 2, 1, 3]})
        shape = graph.constant("keep_time_and_batch", np.array([0, 0, -1], np.int64))
        return graph.add("Reshape", [y, shape])
    places = [graph.constant(f"way_{n}", np.int64(n)) for n in range(2)]
    ends = [graph.add("Gather", [y, place], {"axis": 1}) for place in places]
    return _merge(graph, merge, ends)


def _merge(graph: Graph, merge: str, ends: list[str]) -> str:
    op_type, attributes = MERGES[merge]
    return graph.add(op_type, ends, attributes)


def _add_stack(graph: Graph, stack: Stack, params: Params, source: str) -> str:
    check_options(TARGET, stack, {"layers", "dropout", "variational", "connect"})
    check_count(TARGET, stack, params)
    below, outputs = source, []
    for n, (layer, own) in enumerate(zip(stack.layers, params, strict=True)):
        connect = stack.connect if n else "plain"
        inputs = _concat(graph, [source, below]) if connect == "skip" else below
        inner = own.layer if connect == "highway" else own
        y = _add_layer(graph, layer, inner, inputs)
        if connect == "residual":
            y = graph.add("Add", [below, y])
        elif connect == "highway":
            y = _add_highway(graph, own, below, y)
        below = y
        outputs.append(below)
    return _concat(graph, outputs) if stack.connect == "skip" else below


def _add_highway(graph: Graph, params: Params, below: str, y: str) -> str:
    """Append the gate between a layer's input and its output."""
    n = len(graph.nodes)
    w, b = (graph.constant(f"{name}_{n}", getattr(params, name)) for name in "wb")
    z = graph.add("Add", [graph.add("MatMul", [below, w]), b])
    gate = graph.add("Sigmoid", [z])
    change = graph.add("Mul", [gate, graph.add("Sub", [y, below])])
    return graph.add("Add", [below, change])


def _concat(graph: Graph, names: list[str]) -> str:
    """Join features."""
    return graph.add("Concat", names, {"axis": 2})


def _model(graph: Graph, layer: Layer, input_size: int, dtype: np.dtype) -> ModelProto:
    from onnx import helper, numpy_helper

    def value(name: str, shape: list[str | int], kind: np.dtype = dtype) -> Any:
        element = helper.np_dtype_to_tensor_dtype(kind)
        return helper.make_tensor_value_info(name, element, shape)

    inputs = [value("X", ["t", "b", input_size])]
    outputs = [value("Y", ["t", "b", layer.output_size(input_size)])]
    if graph.lengths:
        inputs.append(value(graph.lengths, ["b"], np.dtype("int32")))
    for n, (settings, ways) in enumerate(graph.operators):
        for letter in "hc" if settings.op_type == "LSTM" else "h":
            shape = [ways, "b", settings.hidden_size]
            outputs.append(value(f"Y_{letter}_{n}", shape))
            if graph.with_carry:
                inputs.append(value(f"initial_{letter}_{n}", shape))
    made = helper.make_graph(
        graph.nodes,
        type(layer).__name__,
        inputs,
        outputs,
        [numpy_helper.from_array(a, name) for name, a in graph.weights.items()],
    )
    opset = helper.make_opsetid("", OPSET)
    return helper.make_model(
        made, opset_imports=[opset], ir_version=IR_VERSION, producer_name="jlstm"
    )


def _dtype(params: Params) -> np.dtype:
    dtypes = sorted({np.dtype(leaf.dtype).name for leaf in jax.tree.leaves(params)})
    if len(dtypes) > 1 or dtypes[0] not in ("float16", "float32", "float64"):
        raise TypeError(
            f"{TARGET} has one dtype, float16, float32 or float64; the parameters have "
            f"{', '.join(dtypes)}. Cast them first, with jax.tree.map."
        )
    return np.dtype(dtypes[0])


def _input_size(layer: Layer, params: Params) -> int:
    if isinstance(layer, Stack):
        return _input_size(layer.layers[0], params[0])
    return directions(layer, params)[0].params.w_ih.shape[0]
