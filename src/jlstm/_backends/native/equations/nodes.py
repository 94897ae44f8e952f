"""Expressions over one unit of one row, each written once."""

import itertools
import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

COMPARE: dict[str, Callable] = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt,
    "le": operator.le, "gt": operator.gt, "ge": operator.ge,
}  # fmt: skip
LOGIC = ("and", "or", "not")
COMMUTE = ("mul", "add", "eq", "ne", "and", "or")


@dataclass(eq=False, frozen=True)
class Node:
    """An operation, a number or something that is read (a leaf).

    Attributes:
        op: ``"leaf"``, ``"const"``, ``"sum"`` (over all units of a row), or what the
            operation is called in JAX.
        args: what it is applied to.
        value: the number; of a leaf, what is read and which.
        number: nodes are numbered as they are made.
        is_bool: whether it is a truth value.
        linear: whether it depends on the gradient of something.
    """

    op: str
    args: tuple["Node", ...]
    value: Any
    number: int
    is_bool: bool
    linear: bool


class Graph:
    """Makes nodes, and of equal ones only one."""

    def __init__(self) -> None:
        self._made: dict[tuple, Node] = {}
        self._count = itertools.count()

    def leaf(self, kind: str, index: int, linear: bool = False) -> Node:
        """Return something that is read."""
        return self._make("leaf", (), (kind, index), linear=linear)

    def constant(self, value: Any) -> Node:
        """Return a number or a truth value."""
        if isinstance(value, bool):
            return self._make("const", (), value, is_bool=True)
        return self._make("const", (), float(value))

    def sum_over_units(self, x: Node) -> Node:
        """Return the sum over all units of a row."""
        return self._make("sum", (x,), None)

    def apply(self, op: str, *args: Node, value: Any = None) -> Node:
        """Return an operation on nodes, made simpler where that is free."""
        op = "add" if op == "add_any" else op
        simple = _simple(self, op, args, value)
        if simple is not None:
            return simple
        if op in COMMUTE and args[0].number > args[1].number:
            args = args[::-1]
        is_bool = op in COMPARE or op in LOGIC
        is_bool = is_bool or (op == "select" and args[1].is_bool)
        return self._make(op, args, value, is_bool=is_bool)

    def _make(
        self,
        op: str,
        args: tuple[Node, ...],
        value: Any,
        is_bool: bool = False,
        linear: bool = False,
    ) -> Node:
        # 0.0 and False, 1.0 and True are equal, and are not the same here.
        key = (op, tuple(arg.number for arg in args), type(value), repr(value))
        if key not in self._made:
            linear = linear or any(arg.linear for arg in args)
            number = next(self._count)
            self._made[key] = Node(op, args, value, number, is_bool, linear)
        return self._made[key]


def is_leaf(node: Node, *kinds: str) -> bool:
    """Whether a node is a leaf, of some kind if kinds are given."""
    return node.op == "leaf" and (not kinds or node.value[0] in kinds)


def all_below(roots: Iterable[Node]) -> Iterator[Node]:
    """Yield all nodes that some are made from, each once, and these."""
    seen: set[int] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node.number not in seen:
            seen.add(node.number)
            yield node
            stack.extend(node.args)


def _simple(graph: Graph, op: str, a: tuple[Node, ...], value: Any) -> Node | None:
    known = [x.value if x.op == "const" else None for x in a]
    if op in COMPARE and None not in known:
        return graph.constant(bool(COMPARE[op](*known)))
    if op == "square":
        return graph.apply("mul", a[0], a[0])
    if op == "one_minus_square":
        squared = graph.apply("mul", a[0], a[0])
        return graph.apply("sub", graph.constant(1.0), squared)
    if op == "integer_pow":
        return _power(graph, a[0], value)
    rule = _RULES.get(op)
    return rule(graph, a, known) if rule else None


def _power(graph: Graph, x: Node, exponent: int) -> Node:
    if exponent == 0:
        return graph.constant(1.0)
    out = x
    for _ in range(abs(exponent) - 1):
        out = graph.apply("mul", out, x)
    if exponent > 0:
        return out
    return graph.apply("div", graph.constant(1.0), out)


def _add(graph: Graph, a: tuple[Node, ...], known: list) -> Node | None:
    if known[0] == 0:
        return a[1]
    if known[1] == 0:
        return a[0]
    return _products_first(graph, a)


def _products_first(graph: Graph, a: tuple[Node, ...]) -> Node | None:
    """Add what products give first: so a product can begin with another one's."""
    terms = [*_terms(a[0]), *_terms(a[1])]
    if not all(is_leaf(term, "product", "vector") for term in terms):
        return None
    order = sorted(terms, key=lambda term: (term.value[0], term.number))
    if len(terms) < 3 or [t.number for t in terms] == [t.number for t in order]:
        return None
    first, *others = order
    for term in others:
        first = graph._make("add", (first, term), None)
    return first


def _terms(node: Node) -> list[Node]:
    if node.op != "add":
        return [node]
    return [*_terms(node.args[0]), *_terms(node.args[1])]


def _sub(graph: Graph, a: tuple[Node, ...], known: list) -> Node | None:
    return a[0] if known[1] == 0 else None


def _mul(graph: Graph, a: tuple[Node, ...], known: list) -> Node | None:
    for n in (0, 1):
        if known[n] == 1:
            return a[1 - n]
        # A gradient that is nothing stays nothing, whatever it is multiplied with.
        if known[n] == 0 and a[1 - n].linear:
            return graph.constant(0.0)
    return None


def _div(graph: Graph, a: tuple[Node, ...], known: list) -> Node | None:
    return a[0] if known[1] == 1 else None


def _neg(graph: Graph, a: tuple[Node, ...], known: list) -> Node | None:
    if known[0] is not None:
        return graph.constant(-known[0])
    return a[0].args[0] if a[0].op == "neg" else None


def _select(graph: Graph, a: tuple[Node, ...], known: list) -> Node | None:
    if known[0] is not None:
        return a[2] if known[0] else a[1]
    return a[1] if a[1] is a[2] else None


_RULES = {
    "add": _add, "sub": _sub, "mul": _mul, "div": _div, "neg": _neg, "select": _select,
}  # fmt: skip
