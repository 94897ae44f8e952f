"""A cell's program: its stages in C++, and what the runtime is to be told of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from jlstm._backends.native.equations.cut import Cut
from jlstm._backends.native.equations.derive import count_of, derive
from jlstm._backends.native.equations.nodes import all_below
from jlstm._backends.native.equations.plan import INPUT, Operand, Plan
from jlstm._backends.native.equations.stages import Slot
from jlstm._backends.native.equations.unsupported import UnsupportedError
from jlstm._backends.native.equations.write import Stage, can_write

FORWARD, BACKWARD = "forward", "backward"


@dataclass(frozen=True)
class ProductPlan:
    """A product as the runtime sees it.

    Attributes:
        product: of the cut step, which one; and which of its heads.
        head: see there.
        operand: what is multiplied.
        column: where the operand is kept; -1 if it is not.
        used: of its vectors those that anything reads, counted from its first.
        first: the number of the first of these, of those of all products.
        begins: of each, that of the input's which its sum begins with; -1 for none.
        columns: of each, where its gradient is written.
    """

    product: int
    head: int
    operand: Operand
    column: int
    used: tuple[int, ...]
    first: int
    begins: tuple[int, ...]
    columns: tuple[int, ...]


@dataclass(frozen=True)
class Program:
    """What is generated for a cell.

    Attributes:
        source: the functions and tables in C++.
        products: in order, each with an array of weights.
        width: columns of what is kept, and of the gradients of pre-activations.
        shown: vectors in the output of a step, the first leaves of the carry.
        kept_carry: of each leaf of the carry, whether it is kept at every step.
    """

    source: str
    products: tuple[ProductPlan, ...]
    width: int
    shown: int
    kept_carry: tuple[bool, ...]


def generate(cut: Cut) -> Program:
    """Write the program of a cut step.

    Raises:
        UnsupportedError: the kernel cannot have it.
    """
    derived = derive(cut)
    for node in all_below([*derived.forward, *derived.backward]):
        if not can_write(node):
            raise UnsupportedError(f"it computes {node.op}")
    plan = Plan(derived)
    products = _products(plan)
    widths = {
        kind: tuple(count_of(cut, place) for place in cut.by_kind[kind])
        for kind in ("stream", "vector", "row")
    }
    return Program(
        _source(cut.trace.real, plan, products, widths), tuple(products), plan.width,
        derived.shown, plan.kept_carry,
    )  # fmt: skip


def _products(plan: Plan) -> list[ProductPlan]:
    d = plan.derived
    dz = {node.number: plan.columns["dz", n] for n, node in enumerate(plan.dz)}
    number = _numbers(plan)
    made, first = [], 0
    for n, (factor, operand) in enumerate(zip(d.factors, plan.operands, strict=True)):
        vectors = plan.vectors(factor)
        begins = (d.begins.get(v) for v in vectors)
        made.append(
            ProductPlan(
                factor.product,
                factor.head,
                operand,
                plan.columns.get(("operand", n), -1),
                tuple(v - factor.first for v in vectors),
                first,
                tuple(-1 if v is None else number[v] for v in begins),
                tuple(dz[d.d_products[v].number] for v in vectors),
            )
        )
        first += len(vectors)
    return made


def _numbers(plan: Plan) -> dict[int, int]:
    """Return the number of each vector that is read, of those of all products."""
    read = (v for factor in plan.derived.factors for v in plan.vectors(factor))
    return {v: n for n, v in enumerate(read)}


# -- in C++


def _source(
    real: str,
    plan: Plan,
    products: list[ProductPlan],
    widths: dict[str, tuple[int, ...]],
) -> str:
    text = ["#define JLSTM_DOUBLE"] if real == "float64" else []
    text.append(_HEAD)
    for way, stages in ((FORWARD, plan.forward), (BACKWARD, plan.backward)):
        text += [stage.function(f"{way}_{stage.number}") for stage in stages]
    text += _product_tables(products)
    text += _stage_tables(plan, FORWARD) + _stage_tables(plan, BACKWARD)
    text += [_table(f"{kind}_widths", of) for kind, of in widths.items()]
    text.append(_table("kept", tuple(map(int, plan.kept_carry))))
    text += [_program(plan, products, widths), _FOOT]
    return "\n".join(text)


def _product_tables(products: list[ProductPlan]) -> list[str]:
    lines, rows = [], []
    for n, p in enumerate(products):
        lines.append(_table(f"begins_{n}", p.begins))
        lines.append(_table(f"columns_{n}", p.columns))
        rows.append(
            f"{{{p.operand.kind}, {p.operand.index}, {p.column}, {len(p.used)}, "
            f"{p.first}, begins_{n}, columns_{n}}}"
        )
    return [*lines, _array("Product", "products", rows)]


def _stage_tables(plan: Plan, way: str) -> list[str]:
    lines, rows = [], []
    for stage in plan.forward if way == FORWARD else plan.backward:
        name, products = f"{way}_{stage.number}", _products_of(plan, stage, way)
        sums = tuple(n for n, _ in stage.adds)
        slots = [_slot(plan, slot, way) for slot in stage.slots]
        lines += [
            _table(f"products_{name}", products),
            _array("Slot", f"slots_{name}", slots),
            _table(f"sums_{name}", sums),
        ]
        waits = int(bool(products) or stage.reads_sums)
        rows.append(
            f"{{{len(products)}, {len(slots)}, {len(sums)}, products_{name}, "
            f"slots_{name}, sums_{name}, {waits}, {name}}}"
        )
    return [*lines, _array("Stage", f"stages_{way}", rows)]


def _products_of(plan: Plan, stage: Stage, way: str) -> tuple[int, ...]:
    """Return the products that are computed for a stage."""
    read = {index for kind, index in stage.slots if kind == "product"}
    if way == BACKWARD:
        return tuple(sorted(read))
    factors = {plan.factor_of(vector) for vector in read}
    return tuple(sorted(n for n in factors if plan.operands[n].kind != INPUT))


def _slot(plan: Plan, slot: Slot, way: str) -> str:
    kind, index = slot
    if slot in plan.columns:
        return f"{{WIDE, {plan.columns[slot]}}}"
    if kind == "product" and way == FORWARD:
        index = _numbers(plan)[index]
    return f"{{{kind.upper()}, {index}}}"


def _program(
    plan: Plan, products: list[ProductPlan], widths: dict[str, tuple[int, ...]]
) -> str:
    ways = (plan.forward, plan.backward)
    fields = [
        "PROGRAM_VERSION", len(plan.derived.new), plan.derived.shown, len(products),
        *(len(of) for of in widths.values()), *(f"{kind}_widths" for kind in widths),
        plan.width, "kept", len(products), "products",
        *(_pair(count(stages) for stages in ways) for count in (_buffers, _sums, len)),
        "stages_forward", "stages_backward",
    ]  # fmt: skip
    return f"const Program made = {{{', '.join(map(str, fields))}}};"


def _buffers(stages: list[Stage]) -> int:
    used = [n for stage in stages for kind, n in stage.slots if kind == "buffer"]
    return max(used, default=-1) + 1


def _sums(stages: list[Stage]) -> int:
    return max((n for stage in stages for n, _ in stage.adds), default=-1) + 1


def _pair(numbers: Iterable[int]) -> str:
    return f"{{{', '.join(map(str, numbers))}}}"


def _table(name: str, numbers: tuple[int, ...]) -> str:
    # C++ has no empty arrays.
    text = ", ".join(map(str, numbers)) or "0"
    return f"const int32_t {name}[] = {{{text}}};"


def _array(kind: str, name: str, rows: list[str]) -> str:
    return f"const {kind} {name}[] = {{{', '.join(rows) or '{}'}}};"


_HEAD = """#include "functions.h"
#include "program.h"

namespace {

using namespace program;
"""
_FOOT = """
}  // namespace

extern "C" const void* jlstm_program() { return &made; }
"""
