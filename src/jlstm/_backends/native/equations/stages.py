"""From expressions to stages: what is computed when, and what crosses between them.

A value that needs a product, or a sum over the units, of something computed in a step
waits for all units of that. So a step is a list of stages. A stage reads what the ones
before it have stored in buffers; what it can compute again from what is read anyway, it
computes again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from jlstm._backends.native.equations.nodes import Node, is_leaf

Slot = tuple[str, int]


@dataclass
class Way:
    """One way through a step, forward or backward.

    Attributes:
        at_hand: values that are read from a slot, whatever made them.
        waits_for: returns what the product that makes a value waits for; None of what
            no product makes, or one that is computed ahead.
        together: sums of two products that the kernel makes as one, and their vector.
    """

    at_hand: dict[int, Slot]
    waits_for: Callable[[Node], list[Node] | None]
    together: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._levels: dict[int, tuple[int, bool]] = {}

    def level(self, node: Node) -> int:
        """Return the first stage at which there is a value."""
        return self._known(node)[0]

    def waits(self, node: Node) -> bool:
        """Whether a value needs something that a stage has waited for."""
        return self._known(node)[1]

    def source(self, node: Node) -> Slot | None:
        """Return the slot of a product's result, of its sum with the input's too."""
        if node.number in self.together:
            return ("product", self.together[node.number])
        if is_leaf(node, "product", "operand"):
            return ("product", node.value[1])
        return None

    def _known(self, node: Node) -> tuple[int, bool]:
        if node.number not in self._levels:
            self._levels[node.number] = self._find(node)
        return self._levels[node.number]

    def _find(self, node: Node) -> tuple[int, bool]:
        if node.number in self.at_hand or node.op == "const":
            return 0, False
        if node.op == "sum":
            return self.level(node.args[0]) + 1, True
        needed = self.waits_for(node)
        if needed is not None:
            return max((self.level(n) + 1 for n in needed), default=0), True
        below = [self._known(arg) for arg in node.args]
        return max((n for n, _ in below), default=0), any(w for _, w in below)
