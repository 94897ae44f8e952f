"""Both ways of a step in stages, and the columns of what is kept between them."""

from dataclasses import dataclass
from functools import cached_property

from jlstm._backends.native.equations.derive import Derived, Factor
from jlstm._backends.native.equations.keep import kept
from jlstm._backends.native.equations.nodes import Node, all_below, is_leaf
from jlstm._backends.native.equations.share import in_stages
from jlstm._backends.native.equations.stages import Slot, Way
from jlstm._backends.native.equations.write import Stage, Store

INPUT, CARRY, STAGED = "INPUT", "CARRY", "STAGED"


@dataclass(frozen=True)
class Operand:
    """Where a product finds what it multiplies: a leaf of the carry, or a buffer."""

    kind: str
    index: int = 0


@dataclass(eq=False)
class Plan:
    """The stages of a step.

    Values that are kept, operands that are kept and gradients of pre-activations have
    slots of the kinds ``kept``, ``operand`` and ``dz``: which column each is given is
    known when all stages are.
    """

    derived: Derived

    @cached_property
    def kept(self) -> list[Node]:
        """What the forward pass keeps."""
        return kept(self.derived)

    @cached_property
    def operands(self) -> list[Operand]:
        """The operand of each product; buffers are numbered from 0."""
        found, buffers = [], 0
        for factor in self.derived.factors:
            if factor.operand is None:
                found.append(Operand(INPUT))
            elif is_leaf(factor.operand, "carry"):
                found.append(Operand(CARRY, factor.operand.value[1]))
            else:
                found.append(Operand(STAGED, buffers))
                buffers += 1
        return found

    @cached_property
    def used(self) -> set[int]:
        """The vectors of products that anything reads."""
        nodes = all_below(self.derived.forward)
        return {node.value[1] for node in nodes if is_leaf(node, "product")}

    def vectors(self, factor: Factor) -> list[int]:
        """Return the vectors of a product that anything reads."""
        return [v for v in range(factor.first, factor.end) if v in self.used]

    @cached_property
    def dz(self) -> list[Node]:
        """The gradients of what products give, each once."""
        gradients = self.derived.d_products
        read = (v for factor in self.derived.factors for v in self.vectors(factor))
        return list({gradients[v].number: gradients[v] for v in read}.values())

    def factor_of(self, vector: int) -> int:
        """Return which product makes a vector."""
        firsts = [factor.first for factor in self.derived.factors]
        return max(n for n, first in enumerate(firsts) if first <= vector)

    # -- forward

    @cached_property
    def forward(self) -> list[Stage]:
        """The stages of a step."""
        way = Way({}, self._waits_for, self.derived.together)
        stores = [Store(("now", k), node) for k, node in enumerate(self.derived.new)]
        stores += [Store(("kept", n), node) for n, node in enumerate(self.kept)]
        staged = 0
        for n, operand in enumerate(self.operands):
            if operand.kind == STAGED:
                node = self.derived.factors[n].operand
                stores.append(Store(("buffer", operand.index), node))
                stores.append(Store(("operand", n), node))
                staged += 1
        return in_stages(way, stores, staged)

    def _waits_for(self, node: Node) -> list[Node] | None:
        """Return what the product that makes a node waits for; None if it is none."""
        if node.number in self.derived.together:
            vector = self.derived.together[node.number]
        elif is_leaf(node, "product"):
            vector = node.value[1]
        else:
            return None
        factor = self.factor_of(vector)
        kind = self.operands[factor].kind
        if kind == INPUT:  # computed ahead
            return None
        return [] if kind == CARRY else [self.derived.factors[factor].operand]

    # -- backward

    @cached_property
    def backward(self) -> list[Stage]:
        """The stages of the way back through a step."""
        d = self.derived
        at_hand: dict[int, Slot] = {}
        for k, node in reversed([*enumerate(d.new)]):
            if node.op not in ("leaf", "const"):
                at_hand[node.number] = ("now", k)
        at_hand |= {node.number: ("kept", n) for n, node in enumerate(self.kept)}
        stores = [Store(("before", k), node) for k, node in enumerate(d.d_old)]
        for kind, nodes in (
            ("d_vector", d.d_vectors), ("d_row", d.d_rows), ("d_stream", d.d_streams),
        ):  # fmt: skip
            stores += [
                Store((kind, n), node)
                for n, node in enumerate(nodes)
                if node is not None
            ]
        stores += [Store(("dz", n), node) for n, node in enumerate(self.dz)]
        return in_stages(Way(at_hand, self._waits_back), stores, 0)

    def _waits_back(self, node: Node) -> list[Node] | None:
        if not is_leaf(node, "operand"):
            return None
        factor = self.derived.factors[node.value[1]]
        return [self.derived.d_products[v] for v in self.vectors(factor)]

    # -- what is kept

    @cached_property
    def columns(self) -> dict[Slot, int]:
        """The column of every value that is kept, and of every gradient.

        A gradient takes the column of what is read no later than it is written: a
        stage reads before it writes.
        """
        last_read = {("kept", n): self._last_read(("kept", n))
                     for n in range(len(self.kept))}  # fmt: skip
        columns: dict[Slot, int] = {slot: n for n, slot in enumerate(last_read)}
        for n, operand in enumerate(self.operands):
            if operand.kind == STAGED:
                columns["operand", n] = len(columns)
        width, free = len(columns), list(last_read)
        for stage in self.backward:
            for slot in (s.slot for s in stage.stores if s.slot[0] == "dz"):
                found = next((f for f in free if last_read[f] <= stage.number), None)
                if found is None:
                    columns[slot], width = width, width + 1
                else:
                    free.remove(found)
                    columns[slot] = columns[found]
        return columns

    def _last_read(self, slot: Slot) -> int:
        return max((s.number for s in self.backward if slot in s.slots), default=-1)

    @cached_property
    def width(self) -> int:
        """How many columns there are."""
        return max(self.columns.values(), default=-1) + 1

    @cached_property
    def kept_carry(self) -> tuple[bool, ...]:
        """Of each leaf of the carry, whether it is kept at every step."""
        read = {slot for stage in self.backward for slot in stage.slots}
        read |= {slot for stage in self.backward for slot in stage.loads_of_carry}
        multiplied = {o.index for o in self.operands if o.kind == CARRY}
        return tuple(
            k < self.derived.shown
            or ("now", k) in read
            or ("carry", k) in read
            or k in multiplied
            for k in range(len(self.derived.new))
        )
