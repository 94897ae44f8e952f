"""Walk through a model file: run what lies between its recurrent nodes on numbers.

Exporters write the step from one recurrent node to the next in many ways: Squeeze,
Transpose and Reshape, slices of one tensor of zeros, arithmetic on shapes. Rather than
recognize them, the walk fills every input and every output of a recurrent node with
numbers that occur once, runs the nodes between them, and so learns which element ended
up where. The numbers are larger than any size or index in a file.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from jlstm.interop.onnx.operator import DEFAULT_ACTIVATIONS, NodeProto, read_operator

MOVES = frozenset(
    {"Cast", "Concat", "Constant", "ConstantOfShape", "Expand", "Flatten", "Gather"}
    | {"Identity", "Reshape", "Shape", "Size", "Slice", "Split", "Squeeze", "Tile"}
    | {"Transpose", "Unsqueeze"}
)
"""Operators that move elements or make constants, and compute nothing."""

FREE_SIZES = (2, 3, 4, 5)
"""What stands for sizes that the file leaves open."""


class Visit(NamedTuple):
    """A recurrent node as the walk meets it.

    Attributes:
        node: the node.
        inputs: its inputs by the position that the operator gives them; ``None`` where
            missing.
        fixed: for each, whether it is a constant of the file.
        y: the numbers that its output Y was filled with.
    """

    node: NodeProto
    inputs: list[np.ndarray | None]
    fixed: list[bool]
    y: np.ndarray


@dataclass
class Walk:
    """What is known while walking through a graph.

    Attributes:
        values: arrays by name.
        fixed: names of constants of the file, and what is made of these alone.
        given: names of the graph's inputs.
    """

    values: dict[str, np.ndarray] = field(default_factory=dict)
    fixed: set[str] = field(default_factory=set)
    given: list[str] = field(default_factory=list)
    _next: int = 10_000_000

    def probe(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return an array of numbers that occur nowhere else."""
        size = int(np.prod(shape))
        numbers = np.arange(self._next, self._next + size, dtype=np.float64)
        self._next += size
        return numbers.reshape(shape)


def begin(model: Any) -> Walk:
    """Read the constants of a model and fill its inputs with numbers."""
    from onnx import helper

    walk = Walk()
    for tensor in model.graph.initializer:
        walk.values[tensor.name] = _array(tensor)
        walk.fixed.add(tensor.name)
    sizes: dict[str, int] = {}
    for value in model.graph.input:
        if value.name in walk.fixed:
            continue
        numbers = walk.probe(_shape(value, sizes))
        kind = helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        is_whole = np.issubdtype(kind, np.integer)
        walk.values[value.name] = numbers.astype(np.int64) if is_whole else numbers
        walk.given.append(value.name)
    return walk


def visits(model: Any, walk: Walk) -> Iterator[Visit]:
    """Yield the recurrent nodes of a model in order, running what lies between them.

    Raises:
        ValueError: a node neither is recurrent nor moves data, or cannot run.
    """
    nodes = model.graph.node
    last = max((n for n, node in enumerate(nodes) if _is_recurrent(node)), default=-1)
    for n, node in enumerate(nodes):
        if _is_recurrent(node):
            yield _visit(node, walk)
            continue
        arrays = {name: walk.values[name] for name in node.input if name}
        _check_moves(node, arrays)
        names = [name for name in node.output if name]
        made = _run(node, arrays, names, list(model.opset_import), is_last=n > last)
        walk.values.update(zip(names, made, strict=True))
        if node.op_type != "Shape" and arrays.keys() <= walk.fixed:
            walk.fixed.update(names)


def _is_recurrent(node: NodeProto) -> bool:
    return node.op_type in DEFAULT_ACTIVATIONS and node.domain in ("", "ai.onnx")


def _check_moves(node: NodeProto, arrays: dict[str, np.ndarray]) -> None:
    """Require a node that moves data, or that reckons with shapes: whole numbers."""
    kinds = {a.dtype.kind for a in arrays.values()}
    if node.op_type not in MOVES and not (kinds and kinds <= {"i", "u"}):
        raise ValueError(
            f"The model has a {called(node)}; from_onnx reads LSTM, GRU and RNN nodes "
            "and what moves data between them. Cut the rest off with "
            "onnx.utils.extract_model, or import single nodes with from_onnx_node."
        )


def _visit(node: NodeProto, walk: Walk) -> Visit:
    names = [*node.input, *[""] * (8 - len(node.input))]
    inputs = [walk.values[name] if name else None for name in names]
    operator = read_operator(node)
    x, hidden = inputs[0], inputs[2].shape[-1]
    batch, steps = x.shape[:2] if operator.batch_first else x.shape[1::-1]
    shapes = {
        False: [(steps, operator.ways, batch, hidden), (operator.ways, batch, hidden)],
        True: [(batch, steps, operator.ways, hidden), (batch, operator.ways, hidden)],
    }
    of_y, of_state = shapes[operator.batch_first]
    outputs = [walk.probe(shape) for shape in (of_y, of_state, of_state)]
    for name, array in zip(node.output, outputs, strict=False):
        walk.values[name] = array
    return Visit(node, inputs, [name in walk.fixed for name in names], outputs[0])


def _run(
    node: NodeProto,
    arrays: dict[str, np.ndarray],
    names: list[str],
    opsets: list[Any],
    is_last: bool,
) -> list[np.ndarray]:
    """Run one node by ONNX's reference, which is right about moves.

    After the last recurrent node what does not run on our sizes does not matter:
    PyTorch's exporter puts sizes of its example into the last Reshape.
    """
    try:
        return _evaluated(node, arrays, names, opsets)
    except Exception as error:  # what onnx's operators raise has no one type
        if is_last and arrays:
            return [next(iter(arrays.values()))] * len(names)
        shapes = {name: array.shape for name, array in arrays.items()}
        raise ValueError(
            f"The {called(node)} does not run on inputs of shapes {shapes}: "
            f"{' '.join(str(error).split())}. "
            "Where the file fixes the sizes of time or batch, export it again with "
            "both free; cut an embedding off with onnx.utils.extract_model."
        ) from error


def _evaluated(
    node: NodeProto, arrays: dict[str, np.ndarray], names: list[str], opsets: list[Any]
) -> list[np.ndarray]:
    from onnx import helper
    from onnx.reference import ReferenceEvaluator

    inputs, outputs = (
        [helper.make_empty_tensor_value_info(name) for name in group]
        for group in (arrays, names)
    )
    graph = helper.make_graph([node], "glue", inputs, outputs)
    model = helper.make_model(graph, opset_imports=opsets)
    return ReferenceEvaluator(model).run(None, arrays)


def called(node: NodeProto) -> str:
    """Name a node in a message."""
    return f"{node.op_type} node {(node.name or node.output[0])!r}"


def _array(tensor: Any) -> np.ndarray:
    from onnx import numpy_helper

    try:
        return numpy_helper.to_array(tensor)
    except Exception as error:  # what onnx makes of a damaged tensor has no one type
        raise ValueError(
            f"The model's tensor {tensor.name!r} cannot be read ({error}): give the "
            "model as it was exported."
        ) from error


def _shape(value: Any, sizes: dict[str, int]) -> tuple[int, ...]:
    """Return the shape of an input; open sizes of one name get one number."""
    shape = []
    for place, size in enumerate(value.type.tensor_type.shape.dim):
        if size.HasField("dim_value"):
            shape.append(size.dim_value)
            continue
        name = size.dim_param or f"{value.name}.{place}"
        free = FREE_SIZES[len(sizes) % len(FREE_SIZES)]
        shape.append(sizes.setdefault(name, free))
    return tuple(shape)
