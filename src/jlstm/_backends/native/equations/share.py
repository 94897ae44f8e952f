"""Sharing out what is stored to stages."""

from jlstm._backends.native.equations.nodes import Node
from jlstm._backends.native.equations.stages import Way
from jlstm._backends.native.equations.write import Stage, Store


def in_stages(way: Way, stores: list[Store], buffers: int) -> list[Stage]:
    """Share out what is stored to stages, and write them, the last one first.

    A stage then knows what the later ones read of it from buffers, of which the first
    ones are taken.
    """
    sums = _sums(way, stores)
    sum_numbers = {node.number: n for n, node in enumerate(sums)}
    levels = [way.level(store.node) for store in stores] + [way.level(n) for n in sums]
    buffer_of, crossing = _Numbers(buffers), dict[int, Node]()
    stages: list[Stage] = []
    for number in reversed(range(1 + max(levels, default=0))):
        here = [store for store in stores if way.level(store.node) == number]
        here += [
            Store(("buffer", buffer_of[n]), node)
            for n, node in crossing.items()
            if way.level(node) == number
        ]
        adds = [
            (sum_numbers[node.number], node.args[0])
            for node in sums
            if way.level(node.args[0]) == number
        ]
        stage = Stage(way, number, here, adds, sum_numbers, buffer_of)
        stage.write()
        crossing |= {node.number: node for node in stage.crossing}
        stages.append(stage)
    return stages[::-1]


def _sums(way: Way, stores: list[Store]) -> list[Node]:
    """Return the sums over units that have to be computed: all that are not at hand."""
    found: dict[int, Node] = {}
    seen: set[int] = set()
    stack = [store.node for store in stores]
    while stack:
        node = stack.pop()
        if node.number in seen or node.number in way.at_hand:
            continue
        seen.add(node.number)
        if node.op == "sum":
            found[node.number] = node
        stack.extend(node.args)
    return list(found.values())


class _Numbers(dict):
    """Numbers for what is asked for, in order."""

    def __init__(self, first: int) -> None:
        super().__init__()
        self._first = first

    def __missing__(self, key: int) -> int:
        self[key] = self._first + len(self)
        return self[key]
