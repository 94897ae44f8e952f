"""A cut step and its way back as expressions."""

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jlstm._backends.native.equations.cut import Cut, Place
from jlstm._backends.native.equations.evaluate import Nodes, evaluate, items, leaves
from jlstm._backends.native.equations.nodes import Graph, Node, all_below, is_leaf
from jlstm._backends.native.equations.sizes import ROW, UNIT, of_nodes
from jlstm._backends.native.equations.unsupported import UnsupportedError


class Factor(NamedTuple):
    """A product of one vector per row.

    Attributes:
        product: of the cut step, which one; and which of its heads.
        operand: what is multiplied; None for the input of the step.
        first: the number of its first vector; they follow each other.
        end: the number after that of its last one.
    """

    product: int
    head: int
    operand: Node | None
    first: int
    end: int


@dataclass
class Derived:
    """The expressions of a step, forward and backward.

    Vectors of a kind are numbered over all places of that kind; those of the products
    too.

    Attributes:
        new: the carry after the step; the output of the step comes first.
        shown: vectors in the output.
        factors: the products, each head of one by itself.
        d_old: gradients of the carry before the step.
        d_vectors, d_rows, d_streams: gradients of what is read; None of what has none,
            such as a truth value.
        d_products: gradients of what the products give.
        begins: of a product's vector, that of the input's which it is only added to.
        together: the sums that this makes one of.
    """

    new: list[Node]
    shown: int
    factors: list[Factor]
    d_old: list[Node]
    d_vectors: list[Node | None]
    d_rows: list[Node | None]
    d_streams: list[Node | None]
    d_products: list[Node]
    begins: dict[int, int] = field(default_factory=dict)
    together: dict[int, int] = field(default_factory=dict)

    @property
    def forward(self) -> list[Node]:
        """All that a step makes."""
        operands = (factor.operand for factor in self.factors)
        return [*self.new, *(node for node in operands if node is not None)]

    @property
    def backward(self) -> list[Node]:
        """All that the way back makes."""
        made = [*self.d_old, *self.d_vectors, *self.d_rows, *self.d_streams]
        return [node for node in made if node is not None] + self.d_products


def derive(cut: Cut) -> Derived:
    """Differentiate a cut step, and write both ways as expressions.

    Raises:
        UnsupportedError: an expression over one unit cannot stand for it.
    """
    graph = Graph()
    function, types = _function(cut), [_type(cut, place) for place in cut.inputs]
    for place in cut.carry:
        _require_vectors(_type(cut, place).shape)
    for type_ in types:
        if type_.dtype.name not in (*cut.trace.floats, "bool"):
            raise UnsupportedError(f"it computes in {type_.dtype}")
    args = _arguments(graph, cut, types)
    with jax.disable_jit():
        forward = jax.make_jaxpr(function)(*types)
        backward = jax.make_jaxpr(_pullback(function, types))(types, forward.out_avals)
    made = [items(nodes) for nodes in evaluate(graph, forward, args)]
    count = len(cut.trace.outputs)
    factors = _factors(cut, made[count:])
    cotangents = _cotangents(graph, cut, forward.out_avals)
    grads = _by_input(types, evaluate(graph, backward, [*args, *cotangents]))
    new = [node for nodes in made[:count] for node in nodes]
    shared = [_shared_out(graph, *pair) for pair in zip(types, grads, strict=True)]
    derived = Derived(new, len(made[0]), factors, *_grouped(cut, shared))
    _merge(cut, derived)
    return derived


def _factors(cut: Cut, operands: list[list[Node]]) -> list[Factor]:
    """Return the products, each head by itself, with the vectors that they make."""
    factors, first, waiting = [], 0, iter(operands)
    for number, product in enumerate(cut.products):
        nodes = [None] if product.of_input else next(waiting)
        width = count_of(cut, (product.equation, 0)) // product.heads
        for head, node in enumerate(nodes):
            factors.append(Factor(number, head, node, first, first + width))
            first += width
    return factors


def _function(cut: Cut) -> Any:
    outputs = [*cut.trace.outputs, *cut.operands]
    return cut.trace.part(cut.inputs, cut.equations, outputs)


def _type(cut: Cut, place: Place) -> jax.ShapeDtypeStruct:
    aval = cut.trace.at[place].aval
    return jax.ShapeDtypeStruct(aval.shape, aval.dtype)


def _require_vectors(shape: tuple) -> None:
    """Require that a leaf of the carry is some vectors of units per row."""
    over = [size for size in shape if size % UNIT == 0]
    if ROW not in shape or len(over) != 1:
        sizes = " by ".join("units" if n == UNIT else str(n) for n in shape if n != ROW)
        many = sizes or "one number"
        raise UnsupportedError(f"its carry has a leaf of {many} per row")


def _is_float(type_: jax.ShapeDtypeStruct) -> bool:
    return bool(jnp.issubdtype(type_.dtype, jnp.floating))


def _pullback(function: Any, types: list) -> Any:
    """Return the gradients of the inputs that are numbers, for gradients of outputs."""
    floats = [n for n, type_ in enumerate(types) if _is_float(type_)]

    def pullback(inputs: list, cotangents: list) -> Any:
        def of_floats(*values: Any) -> Any:
            full = list(inputs)
            for n, value in zip(floats, values, strict=True):
                full[n] = value
            return function(*full)

        return jax.vjp(of_floats, *(inputs[n] for n in floats))[1](list(cotangents))

    return pullback


def _by_input(types: list, grads: list[Nodes]) -> list[Nodes | None]:
    waiting = iter(grads)
    return [next(waiting) if _is_float(type_) else None for type_ in types]


def _arguments(graph: Graph, cut: Cut, types: list) -> list[Nodes]:
    """Return leaves for all inputs, numbered over all of a kind."""
    args: list[Nodes] = []
    waiting = iter(types)
    for kind, places in cut.by_kind.items():
        count = 0
        for _ in places:
            type_ = next(waiting)
            nodes = leaves(graph, kind, type_.shape, count, linear=False)
            count += nodes.size
            args.append(nodes if _is_float(type_) else _truths(graph, nodes))
    return args


def _truths(graph: Graph, nodes: Nodes) -> Nodes:
    zero = graph.constant(0.0)
    true = np.frompyfunc(lambda node: graph.apply("ne", node, zero), 1, 1)
    return np.asarray(true(nodes), object)


def _cotangents(graph: Graph, cut: Cut, avals: Any) -> list[Nodes]:
    """Return leaves for the gradients of the new carry, and of the operands."""
    count = len(cut.trace.outputs)
    made, first = [], 0
    for n, aval in enumerate(avals[:count]):
        nodes = leaves(graph, "after", aval.shape, first, linear=True)
        first += nodes.size
        if n == 0:  # the output of the step is the first leaf
            given = leaves(graph, "given", aval.shape, 0, linear=True)
            add = np.frompyfunc(lambda a, b: graph.apply("add", a, b), 2, 1)
            nodes = np.asarray(add(nodes, given), object)
        made.append(nodes)
    first = 0
    for product in cut.products:
        if not product.of_input:
            aval = avals[len(made)]
            made.append(leaves(graph, "operand", aval.shape, first, linear=True))
        first += product.heads
    return made


def _shared_out(
    graph: Graph, type_: jax.ShapeDtypeStruct, grads: Nodes | None
) -> Nodes | None:
    """Return gradients to be summed over the units where one number serves all units.

    The kernel is given the number once for each unit.
    """
    if grads is None or any(size % UNIT == 0 for size in type_.shape):
        return grads
    units = graph.constant(UNIT)
    share = np.frompyfunc(lambda node: graph.apply("div", node, units), 1, 1)
    return np.asarray(share(grads), object)


def _grouped(cut: Cut, grads: list[Nodes | None]) -> list[list[Node | None]]:
    """Return the gradients by kind: of the carry, of what is read, of products."""
    waiting = iter(zip(grads, cut.inputs, strict=True))
    groups = []
    for places in cut.by_kind.values():
        found: list[Node | None] = []
        for _ in places:
            nodes, place = next(waiting)
            found += [None] * count_of(cut, place) if nodes is None else items(nodes)
        groups.append(found)
    return groups


def count_of(cut: Cut, place: Place) -> int:
    """Return how many vectors of units a value is per row."""
    return math.prod(of_nodes(_type(cut, place).shape))


def _merge(cut: Cut, derived: Derived) -> None:
    """Find what of the input's products is only added to another product's."""
    roots = [*derived.forward, *derived.backward]
    of_input = _vectors_of_input(cut, derived)
    uses: Counter[int] = Counter(node.number for node in roots)
    sums: dict[int, list[Node]] = {}
    for node in all_below(roots):
        uses.update(arg.number for arg in node.args)
        if node.op == "add" and all(is_leaf(arg, "product") for arg in node.args):
            sums[node.number] = sorted(
                node.args, key=lambda a: a.value[1] not in of_input
            )
    for number, (ahead, other) in sums.items():
        once = uses[ahead.number] == 1 and uses[other.number] == 1
        if once and ahead.value[1] in of_input and other.value[1] not in of_input:
            derived.begins[other.value[1]] = ahead.value[1]
            derived.together[number] = other.value[1]


def _vectors_of_input(cut: Cut, derived: Derived) -> set[int]:
    return {
        vector
        for factor in derived.factors
        if factor.operand is None
        for vector in range(factor.first, factor.end)
    }
