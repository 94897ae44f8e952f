"""The attributes of one LSTM, GRU or RNN node, read and checked."""

from dataclasses import dataclass
from typing import Any, TypeAlias

from jlstm.activations import Activation
from jlstm.interop.onnx.activations import read_activations

NodeProto: TypeAlias = Any
"""An ``onnx.NodeProto``; onnx is imported only where it is used."""

DEFAULT_ACTIVATIONS = {
    "LSTM": ("Sigmoid", "Tanh", "Tanh"),
    "GRU": ("Sigmoid", "Tanh"),
    "RNN": ("Tanh",),
}
WAYS = {"forward": 1, "reverse": 1, "bidirectional": 2}

_COMMON = {
    "activation_alpha",
    "activation_beta",
    "activations",
    "clip",
    "direction",
    "hidden_size",
    "layout",
}
_ATTRIBUTES = {
    "LSTM": _COMMON | {"input_forget"},
    "GRU": _COMMON | {"linear_before_reset"},
    "RNN": _COMMON,
}


@dataclass(frozen=True)
class Operator:
    """What the attributes of a recurrent node say.

    Args:
        op_type: LSTM, GRU or RNN.
        activations: for each direction the functions, in the order of the operator.
        hidden_size: ``None`` if the node leaves it to the weights.
        direction: forward, reverse or bidirectional.
        batch_first: the operator's layout 1.
        clip: bound on the inputs of all activations.
        input_forget: the forget gate is one minus the input gate.
        linear_before_reset: the GRU's reset gate acts after the recurrent product.
    """

    op_type: str
    activations: tuple[tuple[Activation, ...], ...]
    hidden_size: int | None = None
    direction: str = "forward"
    batch_first: bool = False
    clip: float | None = None
    input_forget: bool = False
    linear_before_reset: bool = False

    @property
    def ways(self) -> int:
        """How many directions it has: 1 or 2."""
        return WAYS[self.direction]


def read_operator(node: NodeProto) -> Operator:
    """Read the attributes of an ``onnx.NodeProto``.

    Raises:
        TypeError: it is no node.
        ValueError: the node is no recurrent one, or an attribute is unknown or has a
            value that the operator does not define.
    """
    if not hasattr(node, "op_type"):
        raise TypeError(f"The node is a {type(node).__name__}; give an onnx.NodeProto.")
    if node.op_type not in DEFAULT_ACTIVATIONS or node.domain not in ("", "ai.onnx"):
        raise ValueError(
            f"The node is a {node.op_type} of domain {node.domain!r}; give an LSTM, "
            "GRU or RNN node of ONNX itself."
        )
    values = _attributes(node)
    direction = values.get("direction", b"forward").decode(errors="replace")
    if direction not in WAYS:
        raise ValueError(
            f"The {node.op_type} node's direction is {direction!r}; ONNX defines "
            f"{', '.join(WAYS)}."
        )
    if values.get("layout", 0) not in (0, 1):
        raise ValueError(
            f"The {node.op_type} node's layout is {values['layout']}; ONNX defines 0 "
            "(time first) and 1 (batch first)."
        )
    return Operator(
        op_type=node.op_type,
        activations=_activations(node.op_type, values, WAYS[direction]),
        hidden_size=values.get("hidden_size"),
        direction=direction,
        batch_first=values.get("layout", 0) == 1,
        clip=values.get("clip"),
        input_forget=bool(values.get("input_forget", 0)),
        linear_before_reset=bool(values.get("linear_before_reset", 0)),
    )


def _attributes(node: NodeProto) -> dict[str, Any]:
    from onnx import helper

    values = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    unknown = sorted(values.keys() - _ATTRIBUTES[node.op_type])
    if unknown:
        raise ValueError(
            f"The {node.op_type} node has the attribute {unknown[0]!r}, which the "
            "operator of opset 7 and later does not define. Convert the model with "
            "onnx.version_converter."
        )
    lacking = sorted(name for name, value in values.items() if value is None)
    if lacking:
        raise ValueError(f"The {node.op_type} node's {lacking[0]} has no value.")
    return values


def _activations(
    op_type: str, values: dict[str, Any], ways: int
) -> tuple[tuple[Activation, ...], ...]:
    default = DEFAULT_ACTIVATIONS[op_type]
    each = len(default)
    names = [name.decode(errors="replace") for name in values.get("activations", [])]
    # ONNX's schema gives the RNN two names by default, one more than one way takes.
    names = names[:each] if op_type == "RNN" and ways == 1 else names
    names = names or list(default) * ways
    if len(names) != each * ways:
        raise ValueError(
            f"The {op_type} node has {len(names)} activations; {ways} direction(s) "
            f"take {each * ways}."
        )
    made = read_activations(
        names, values.get("activation_alpha", []), values.get("activation_beta", [])
    )
    return tuple(made[n * each : (n + 1) * each] for n in range(ways))
