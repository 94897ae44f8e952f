"""One stage as a function in C++."""

import math
from dataclasses import dataclass, field

from jlstm._backends.native.equations.nodes import COMPARE, LOGIC, Node, is_leaf
from jlstm._backends.native.equations.sizes import UNIT
from jlstm._backends.native.equations.stages import Slot, Way

SIGNS = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "eq": "==", "ne": "!=", "lt": "<",
    "le": "<=", "gt": ">", "ge": ">=", "and": "&", "or": "|",
}  # fmt: skip
FUNCTIONS = {
    "logistic": "sigmoid", "tanh": "hyperbolic_tangent", "exp": "exp_of",
    "exp2": "exp2_of", "expm1": "expm1_of", "log": "log_of", "log1p": "log1p_of",
    "max": "larger", "min": "smaller", "abs": "absolute", "sign": "sign_of",
    "sqrt": "root", "rsqrt": "inverse_root",
}  # fmt: skip


@dataclass
class Store:
    """A value that a stage stores; sums over rows and steps are added to."""

    slot: Slot
    node: Node


@dataclass
class Stage:
    """A stage as it is written: what it does, and the slots and sums that it uses.

    Attributes:
        way: the stages that it is one of.
        number: which one it is.
        stores: what it stores.
        adds: reductions over the units that it adds to, with what is summed.
        sum_numbers: of each sum over units, which reduction it is.
        buffer_of: of each value that crosses stages, its buffer.
        slots: what the runtime is to point to.
        lines: the loop over rows; and what stands ahead of it.
        ahead: see there.
        crossing: values of earlier stages that it reads from buffers.
        loads_of_carry: leaves of the carry before the step that it reads.
        reads_sums: whether it reads a reduction.
    """

    way: Way
    number: int
    stores: list[Store]
    adds: list[tuple[int, Node]]
    sum_numbers: dict[int, int]
    buffer_of: dict[int, int]
    slots: list[Slot] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    ahead: list[str] = field(default_factory=list)
    crossing: list[Node] = field(default_factory=list)
    loads_of_carry: set[Slot] = field(default_factory=set)
    reads_sums: bool = False
    _names: dict[int, str] = field(default_factory=dict)

    def write(self) -> None:
        """Write the lines of the loop over rows."""
        values = [(store, self.value(store.node)) for store in self.stores]
        sums = [(number, self.value(node)) for number, node in self.adds]
        for store, value in values:
            self._store(store.slot, value)
        for number, value in sums:
            self._open(f"Real* const partial_{number} = t->partial[{number}];")
            self.lines.append(f"partial_{number}[r] = add_up({value}, n);")

    def function(self, name: str) -> str:
        """Return the text of the function; ``write`` comes before."""
        after = [
            f"store(s{n}, load(s{n}) + sum{n});"
            for n, (kind, _) in enumerate(self.slots)
            if kind == "d_vector"
        ]
        ahead = [line for n, slot in enumerate(self.slots) for line in _open(n, slot)]
        body = "\n".join(
            [*(f"  {line}" for line in [*ahead, *self.ahead]),
             "  const Index rows = t->rows;",
             "  [[maybe_unused]] const Real units = t->units;",
             "  for (Index r = 0; r < rows; ++r) {",
             *(f"    {line}" for line in self.lines),
             "  }",
             *(f"  {line}" for line in after)]
        )  # fmt: skip
        return (
            f"INLINE void {name}_of(const Tile* t, Index n) {{\n{body}\n}}\n"
            f"void {name}(const Tile* t) {{\n"
            f"  // A whole vector is read and written without a mask.\n"
            f"  t->n >= L ? {name}_of(t, L) : {name}_of(t, t->n);\n}}\n"
        )

    def value(self, node: Node) -> str:
        """Return the name of a value, after writing what makes it."""
        if node.number not in self._names:
            self._names[node.number] = self._name(node)
        return self._names[node.number]

    def _name(self, node: Node) -> str:
        if node.op == "const":
            return _number(node.value)
        if (slot := self.way.at_hand.get(node.number)) is not None:
            return self._load(slot)
        level, waits = self.way.level(node), self.way.waits(node)
        if node.op == "sum" and level <= self.number:
            self.reads_sums = True
            number = self.sum_numbers[node.number]
            self._open(f"const Real* const sum_{number} = t->sums[{number}];")
            return self._let(f"full(sum_{number}[r])")
        made = node.linear and not is_leaf(node)  # not again: it reads what is kept
        if level < self.number and (waits or made):
            self.crossing.append(node)
            return self._load(("buffer", self.buffer_of[node.number]))
        if (slot := self.way.source(node)) is not None:
            return self._load(slot)
        if is_leaf(node):
            return self._load(node.value)
        return self._let(_expression(node.op, [self.value(a) for a in node.args]),
                         "VI" if node.is_bool else "V")  # fmt: skip

    def _open(self, line: str) -> None:
        """Add a line before the loop: stores to vectors may be stores to the tile."""
        if line not in self.ahead:
            self.ahead.append(line)

    def _let(self, text: str, kind: str = "V") -> str:
        name = f"v{len(self.lines)}"
        self.lines.append(f"const {kind} {name} = {text};")
        return name

    def _load(self, slot: Slot) -> str:
        if slot[0] == "carry":
            self.loads_of_carry.add(slot)
            self._open(f"const Real* const* const old_{slot[1]} = t->olds[{slot[1]}];")
            return self._let(f"load(old_{slot[1]}[r], n)")
        n = self._slot(slot)
        if slot[0] == "vector":
            return f"c{n}"
        return self._let(f"load(s{n} + r * w{n}, n)")

    def _store(self, slot: Slot, value: str) -> None:
        n, kind = self._slot(slot), slot[0]
        if kind == "d_vector":
            self.lines.append(f"sum{n} += {value};")
        elif kind == "d_row":
            at = f"s{n} + r * w{n}"
            self.lines.append(f"if (s{n}) store({at}, load({at}, n) + {value}, n);")
        else:
            may_lack = kind in ("kept", "operand", "d_stream")
            when = f"if (s{n}) " if may_lack else ""
            self.lines.append(f"{when}store(s{n} + r * w{n}, {value}, n);")

    def _slot(self, slot: Slot) -> int:
        if slot not in self.slots:
            self.slots.append(slot)
        return self.slots.index(slot)


def _open(n: int, slot: Slot) -> list[str]:
    """Return the lines before the loop for a slot."""
    lines = [f"Real* const s{n} = t->refs[{n}].at;"]
    if slot[0] == "vector":
        return [*lines, f"const V c{n} = load(s{n}, n);"]
    if slot[0] == "d_vector":
        return [*lines, f"V sum{n}{{}};"]
    return [*lines, f"const Index w{n} = t->refs[{n}].step;"]


def _expression(op: str, args: list[str]) -> str:
    if op in SIGNS:
        return f"{args[0]} {SIGNS[op]} {args[1]}"
    if op == "neg":
        return f"-{args[0]}"
    if op == "not":
        return f"~{args[0]}"
    if op == "select":
        return f"{args[0]} ? {args[2]} : {args[1]}"
    return f"{FUNCTIONS[op]}({', '.join(args)})"


def _number(value: float | bool) -> str:
    if isinstance(value, bool):
        return f"truth({'true' if value else 'false'})"
    if value and value % UNIT == 0:  # the divisor of a mean
        return f"full({value / UNIT!r} * units)"
    if math.isnan(value):
        return 'full(__builtin_nanf(""))'
    if math.isinf(value):
        return f"full({'-' if value < 0 else ''}__builtin_inff())"
    return f"full({value!r})"


def can_write(node: Node) -> bool:
    """Whether there is a way to write the operation of a node."""
    known = {*SIGNS, *FUNCTIONS, *COMPARE, *LOGIC}
    known |= {"neg", "select", "const", "leaf", "sum"}
    return node.op in known
