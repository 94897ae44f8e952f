"""Run equations on arrays of expressions in place of arrays of numbers.

One node stands for all rows and all units: an axis of these has size one here. What
only moves numbers about is done by NumPy, on the arrays of nodes.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, Literal

from jlstm._backends.native.equations.nodes import Graph, Node
from jlstm._backends.native.equations.sizes import ROW, UNIT, of_nodes, unit_stride
from jlstm._backends.native.equations.unsupported import UnsupportedError

ELEMENTWISE = frozenset(
    [
        "add",
        "add_any",
        "sub",
        "mul",
        "div",
        "neg",
        "square",
        "exp",
        "exp2",
        "log",
        "log1p",
        "expm1",
        "logistic",
        "tanh",
        "max",
        "min",
        "abs",
        "sign",
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
        "and",
        "or",
        "not",
        "one_minus_square",
        "sqrt",
        "rsqrt",
    ]
)
CALLS = ("jit", "pjit", "closed_call", "custom_jvp_call", "custom_vjp_call", "remat",
         "checkpoint", "core_call")  # fmt: skip
Nodes = Any
"""An array of nodes."""


def evaluate(graph: Graph, closed: ClosedJaxpr, args: list[Nodes]) -> list[Nodes]:
    """Return what some equations give for arrays of nodes.

    Raises:
        UnsupportedError: there is an equation that a node cannot stand for.
    """
    return _run(graph, closed.jaxpr, closed.consts, args)


def _run(graph: Graph, jaxpr: Jaxpr, consts: Any, args: list[Nodes]) -> list[Nodes]:
    known: dict[Any, Nodes] = dict(zip(jaxpr.invars, args, strict=True))
    known |= {v: _full(graph, c) for v, c in zip(jaxpr.constvars, consts, strict=True)}

    def read(v: Any) -> Nodes:
        return _full(graph, v.val) if isinstance(v, Literal) else known[v]

    for eqn in jaxpr.eqns:
        made = _apply(graph, eqn, [read(v) for v in eqn.invars])
        for v, nodes in zip(eqn.outvars, made, strict=True):
            nodes = np.asarray(nodes, object)
            if nodes.shape != of_nodes(v.aval.shape):
                raise UnsupportedError(f"it computes {eqn.primitive.name} over units")
            known[v] = nodes
    return [read(v) for v in jaxpr.outvars]


def _full(graph: Graph, value: Any) -> Nodes:
    """Return nodes of numbers; over rows and units they must not differ."""
    value = np.asarray(value)
    for axis, size in enumerate(value.shape):
        if size in (UNIT, ROW):
            first = np.take(value, [0], axis)
            if (value != first).any():
                raise UnsupportedError("it has a constant that differs over the units")
            value = first
    out = np.empty(value.shape, object)
    for at in np.ndindex(value.shape):
        out[at] = graph.constant(value[at].item())
    return out


def _apply(graph: Graph, eqn: JaxprEqn, args: list[Nodes]) -> list[Nodes]:
    name = eqn.primitive.name
    if name in ELEMENTWISE:
        return [_each(graph, name, args)]
    rule = _RULES.get(name)
    if rule is None:
        raise UnsupportedError(f"it computes {name}")
    made = rule(graph, eqn, args)
    return made if isinstance(made, list) else [made]


def _each(graph: Graph, op: str, args: list[Nodes], value: Any = None) -> Nodes:
    apply = np.frompyfunc(lambda *x: graph.apply(op, *x, value=value), len(args), 1)
    return np.asarray(apply(*args), object)


def _call(graph: Graph, eqn: JaxprEqn, args: list[Nodes]) -> list[Nodes]:
    names = ("jaxpr", "call_jaxpr", "fun_jaxpr")
    inner = next(eqn.params[name] for name in names if name in eqn.params)
    if isinstance(inner, ClosedJaxpr):
        return _run(graph, inner.jaxpr, inner.consts, args)
    return _run(graph, inner, (), args)


def _same(graph: Graph, eqn: JaxprEqn, args: list[Nodes]) -> Nodes:
    return args[0]


def _power(graph: Graph, eqn: JaxprEqn, args: list[Nodes]) -> Nodes:
    return _each(graph, "integer_pow", args, eqn.params["y"])


def _select(graph: Graph, eqn: JaxprEqn, args: list[Nodes]) -> Nodes:
    if len(args) != 3:
        raise UnsupportedError("it selects among more than two")
    which, *cases = args
    shape = np.broadcast_shapes(*(case.shape for case in cases))
    return _each(graph, "select", [np.broadcast_to(which, shape), *cases])


def _clamp(graph: Graph, eqn: JaxprEqn, args: list[Nodes]) -> Nodes:
    low, x, high = args
    return _each(graph, "min", [_each(graph, "max", [x, low]), high])


def _convert(graph: Graph, eqn: JaxprEqn, args: list[Nodes]) -> Nodes:
    dtype = eqn.params["new_dtype"]
    from_dtype = eqn.invars[0].aval.dtype
    if from_dtype == jnp.bool_ and jnp.issubdtype(dtype, jnp.floating):
        zero, one = graph.constant(0.0), graph.constant(1.0)
        full = np.frompyfunc(lambda x: graph.apply("select", x, zero, one), 1, 1)
        return np.asarray(full(args[0]), object)
    floats = all(jnp.issubdtype(d, jnp.floating) for d in (from_dtype, dtype))
    if from_dtype != dtype and not floats:  # the kernel has floats of one dtype
        raise UnsupportedError(f"it converts {from_dtype} to {jnp.dtype(dtype)}")
    return args[0]


def _broadcast(graph: Graph, eqn: JaxprEqn, args: list[Nodes]) -> Nodes:
    shape = of_nodes(eqn.params["shape"])
    spread = [1] * len(shape)
    for n, at in enumerate(eqn.params["broadcast_dimensions"]):
        spread[at] = args[0].shape[n]
    return np.broadcast_to(args[0].reshape(spread), shape)


def _reshape(graph: Graph, eqn: JaxprEqn, args: list[Nodes]) -> Nodes:
    if eqn.params.get("dimensions") is not None:
        raise UnsupportedError("it reshapes in another order")
    before, after = eqn.invars[0].aval.shape, eqn.outvars[0].aval.shape
    if unit_stride(before) != unit_stride(after):
        raise UnsupportedError("it mixes the axis of the units with another one")
    return args[0].reshape(of_nodes(after))


def _squeeze(graph: Graph, eqn: JaxprEqn, args: list[Nodes]) -> Nodes:
    return np.squeeze(args[0], tuple(eqn.params["dimensions"]))


def _expand(graph: Graph, eqn: JaxprEqn, args: list[Nodes]) -> Nodes:
    return np.expand_dims(args[0], tuple(eqn.params["dimensions"]))


def _transpose(graph: Graph, eqn: JaxprEqn, args: list[Nodes]) -> Nodes:
    return args[0].transpose(eqn.params["permutation"])


def _slice(graph: Graph, eqn: JaxprEqn, args: list[Nodes]) -> Nodes:
    at = []
    params, sizes = eqn.params, eqn.invars[0].aval.shape
    strides = params["strides"] or (1,) * len(sizes)
    ends = zip(params["start_indices"], params["limit_indices"], strict=True)
    for size, (start, stop), stride in zip(sizes, ends, strides, strict=True):
        unit = next((n for n in (UNIT, ROW) if size and size % n == 0), 1)
        if start % unit or stop % unit or (unit > 1 and stride != 1):
            raise UnsupportedError("it takes a part of the units")
        at.append(slice(start // unit, stop // unit, stride))
    return args[0][tuple(at)]


def _concatenate(graph: Graph, eqn: JaxprEqn, args: list[Nodes]) -> Nodes:
    return np.concatenate(args, eqn.params["dimension"])


def _stack(graph: Graph, eqn: JaxprEqn, args: list[Nodes]) -> Nodes:
    return np.stack(args, eqn.params["axis"])


def _unstack(graph: Graph, eqn: JaxprEqn, args: list[Nodes]) -> list[Nodes]:
    axis = eqn.params["axis"]
    return list(np.moveaxis(args[0], axis, 0))


def _split(graph: Graph, eqn: JaxprEqn, args: list[Nodes]) -> list[Nodes]:
    axis, sizes = eqn.params["axis"], eqn.params["sizes"]
    unit = UNIT if eqn.invars[0].aval.shape[axis] % UNIT == 0 else 1
    if any(size % unit for size in sizes):
        raise UnsupportedError("it takes a part of the units")
    ends = np.cumsum([size // unit for size in sizes])[:-1]
    return list(np.split(args[0], ends, axis))


def _reduce_sum(graph: Graph, eqn: JaxprEqn, args: list[Nodes]) -> Nodes:
    nodes, shape = args[0], eqn.invars[0].aval.shape
    axes = eqn.params["axes"]
    add = np.frompyfunc(lambda a, b: graph.apply("add", a, b), 2, 1)
    over_units = np.frompyfunc(graph.sum_over_units, 1, 1)
    # Vectors of units are added before the units are: one sum in place of many.
    for axis in sorted(axes, key=lambda axis: shape[axis] % UNIT == 0):
        nodes = functools.reduce(add, np.moveaxis(nodes, axis, 0))
        nodes = np.expand_dims(np.asarray(nodes, object), axis)
        if shape[axis] % UNIT == 0:
            nodes = np.asarray(over_units(nodes), object)
        # Over rows only gradients of what all rows share are summed: the kernel does
        # that when it stores them.
        elif shape[axis] == ROW and not all(node.linear for node in np.ravel(nodes)):
            raise UnsupportedError("it sums over the rows of a batch")
    return np.squeeze(nodes, tuple(axes))


def _pad(graph: Graph, eqn: JaxprEqn, args: list[Nodes]) -> Nodes:
    nodes, fill = args
    out, inside, sizes = [], [], eqn.invars[0].aval.shape
    config = eqn.params["padding_config"]
    for size, have, (low, high, between) in zip(
        sizes, nodes.shape, config, strict=True
    ):
        unit = next((n for n in (UNIT, ROW) if size and size % n == 0), 1)
        if between or low % unit or high % unit or low < 0 or high < 0:
            raise UnsupportedError("it pads the units")
        out.append(have + low // unit + high // unit)
        inside.append(slice(low // unit, low // unit + have))
    made = np.empty(out, object)
    made[...] = fill.item()
    made[tuple(inside)] = nodes
    return made


_RULES: dict[str, Callable] = {
    **dict.fromkeys(CALLS, _call),
    **dict.fromkeys(("copy", "copy_p", "stop_gradient"), _same),
    "integer_pow": _power, "select_n": _select, "clamp": _clamp,
    "convert_element_type": _convert, "broadcast_in_dim": _broadcast,
    "reshape": _reshape, "squeeze": _squeeze, "expand_dims": _expand,
    "transpose": _transpose, "slice": _slice, "concatenate": _concatenate,
    "stack": _stack, "unstack": _unstack, "split": _split, "reduce_sum": _reduce_sum,
    "pad": _pad,
}  # fmt: skip
SUPPORTED = (ELEMENTWISE | _RULES.keys()) - {"custom_vjp_call"}
"""The primitives of JAX that may stand in an equation that the kernel runs."""


def leaves(graph: Graph, kind: str, shape: tuple, first: int, linear: bool) -> Nodes:
    """Return an array of leaves for something of this (traced) shape."""
    out = np.empty(of_nodes(shape), object)
    for n, at in enumerate(np.ndindex(out.shape)):
        out[at] = graph.leaf(kind, first + n, linear)
    return out


def items(nodes: Nodes) -> list[Node]:
    """Return the nodes of an array in order."""
    return list(np.ravel(nodes))
