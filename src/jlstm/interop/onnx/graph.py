"""The graph of an exported model while it is written, and the nodes of one operator."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from jlstm._internal.types import Params
from jlstm.cell import Cell
from jlstm.interop._layers import Part, dense_heads
from jlstm.interop.onnx.activations import OnnxActivation
from jlstm.interop.onnx.cells import Settings, settings_of
from jlstm.interop.onnx.operator import NodeProto
from jlstm.interop.onnx.weights import Weights, write_weights


class Half(NamedTuple):
    """One direction of an operator: its settings, activations and weights."""

    settings: Settings
    activations: tuple[OnnxActivation, ...]
    weights: Weights


@dataclass
class Graph:
    """What has been written of a graph.

    Attributes:
        lengths: name of the input with the lengths of the rows; empty if there is none.
        with_carry: whether initial states are inputs.
        nodes: of the operators and of what lies between them, in order.
        weights: arrays by the names under which the nodes take them.
        operators: settings of the operators so far and their number of directions.
    """

    lengths: str
    with_carry: bool
    nodes: list[NodeProto] = field(default_factory=list)
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    operators: list[tuple[Settings, int]] = field(default_factory=list)

    def add(
        self,
        op_type: str,
        inputs: Sequence[str],
        attributes: dict[str, Any] | None = None,
        outputs: Sequence[str] = (),
    ) -> str:
        """Append a node; return the name of its first output."""
        from onnx import helper

        outputs = outputs or [f"{op_type.lower()}_{len(self.nodes)}"]
        node = helper.make_node(op_type, inputs, outputs, **(attributes or {}))
        self.nodes.append(node)
        return outputs[0]

    def constant(self, name: str, values: Any) -> str:
        """Keep an array; return its name."""
        self.weights[name] = np.asarray(values)
        return name


def half_of(cell: Cell, params: Params) -> Half:
    """Return one direction of an operator that computes ``cell``."""
    settings, activations = settings_of(cell)
    part = Part(*dense_heads(cell, params))
    weights = write_weights(part.cell, settings.op_type, part.params)
    return Half(settings, activations, weights)


def add_operator(
    graph: Graph, halves: Sequence[Half], direction: str, source: str
) -> str:
    """Append one LSTM, GRU or RNN node; return the name of its output Y."""
    number, settings = len(graph.operators), halves[0].settings
    graph.operators.append((settings, len(halves)))
    letters = "hc" if settings.op_type == "LSTM" else "h"
    names = dict(zip("wrbp", _join(graph, number, halves), strict=True))
    states = [f"initial_{s}_{number}" if graph.with_carry else "" for s in letters]
    inputs = [source, names["w"], names["r"], names["b"], graph.lengths, *states]
    if names["p"]:
        inputs.append(names["p"])
    while not inputs[-1]:
        inputs.pop()
    outputs = [f"y_{number}", *(f"Y_{s}_{number}" for s in letters)]
    return graph.add(settings.op_type, inputs, _attributes(halves, direction), outputs)


def _join(graph: Graph, number: int, halves: Sequence[Half]) -> list[str]:
    """Keep W, R, B and P of the directions; return their names, empty if missing.

    A direction without biases or peepholes next to one with them gets zeros.
    """
    names = []
    for letter, arrays in zip(
        "WRBP", zip(*(half.weights for half in halves), strict=True), strict=True
    ):
        some = [array for array in arrays if array is not None]
        if not some:
            names.append("")
            continue
        whole = [np.zeros_like(some[0]) if a is None else a for a in arrays]
        names.append(graph.constant(f"{letter}_{number}", np.stack(whole)))
    return names


def _attributes(halves: Sequence[Half], direction: str) -> dict[str, Any]:
    """Return the attributes of a node, without those that are zero or empty."""
    settings = halves[0].settings
    functions = [f for half in halves for f in half.activations]
    wanted = {
        "hidden_size": settings.hidden_size,
        "direction": direction,
        "activations": [f.name for f in functions],
        "activation_alpha": [float(f.alpha) for f in functions if f.alpha is not None],
        "activation_beta": [float(f.beta) for f in functions if f.beta is not None],
        "input_forget": int(settings.input_forget),
        "linear_before_reset": int(settings.linear_before_reset),
    }
    given = {name: value for name, value in wanted.items() if value}
    return given if settings.clip is None else given | {"clip": float(settings.clip)}
