"""What the forward pass keeps for the way back."""

from collections.abc import Iterable

from jlstm._backends.native.equations.derive import Derived
from jlstm._backends.native.equations.nodes import Node, is_leaf

SLOW = frozenset(
    ["logistic", "tanh", "exp", "exp2", "log", "log1p", "expm1", "div", "sqrt", "rsqrt"]
)
AT_HAND = ("carry", "vector", "row", "stream")


def kept(derived: Derived) -> list[Node]:
    """Return the values to keep: results of slow functions, or what goes into them.

    What is kept lies where the gradients of the pre-activations will be written: where
    there are more results than these, the pre-activations are kept, and the rest is
    computed again.
    """
    results = _kept(derived, results=True)
    room = len({node.number for node in derived.d_products})
    return results if len(results) <= room else _kept(derived, results=False)


def _kept(derived: Derived, results: bool) -> list[Node]:
    new = {node.number for node in derived.new}
    found: list[Node] = []
    seen: set[int] = set()

    def at_hand(node: Node) -> bool:
        return node.op == "const" or is_leaf(node, *AT_HAND) or node.number in new

    def wants(node: Node) -> bool:
        if is_leaf(node, "product") or node.number in derived.together:
            return True
        if node.linear:
            return False
        if node.op == "sum":
            return True
        slow = results and node.op in SLOW
        return slow and not all(at_hand(arg) for arg in node.args)

    def visit(nodes: Iterable[Node]) -> None:
        for node in nodes:
            if node.number in seen or at_hand(node):
                continue
            seen.add(node.number)
            if wants(node):
                found.append(node)
            else:
                visit(node.args)

    visit(derived.backward)
    return found
