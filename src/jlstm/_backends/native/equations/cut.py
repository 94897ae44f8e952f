"""What of a step runs in the kernel, and what it reads from outside.

A value depends on nothing, on the parameters, on the input of the step as well, or on
the carry. All that depends on the carry runs in the kernel. What does not runs there
too where that is possible, for it costs next to nothing there; the rest, such as
drawing random numbers, is computed by XLA before, for all steps at once. A product is
cut out: the kernel multiplies between its stages.
"""

from dataclasses import dataclass, field
from enum import IntEnum

from jax.extend.core import JaxprEqn, Literal

from jlstm._backends.native.equations.evaluate import SUPPORTED
from jlstm._backends.native.equations.sizes import INPUT, ROW, UNIT, split_units
from jlstm._backends.native.equations.trace import Trace
from jlstm._backends.native.equations.unsupported import UnsupportedError
from jlstm._internal.types import Shape

Place = tuple


class Depends(IntEnum):
    """What a value depends on, and on all before it."""

    NOTHING = 0
    PARAMS = 1
    STEP = 2
    CARRY = 3


@dataclass(frozen=True)
class Product:
    """A product of a vector per row with a weight.

    Attributes:
        equation: which one it is.
        operand: where the vectors come from.
        weight: where the weight comes from.
        axis: of the weight, that is summed over.
        of_input: whether the operand is the input of the step, or made of it.
        heads: how many products of this kind it is, each of units of its own.
        head_axis: of the weight, that these are along; None for one.
        widened: the equation that makes the weight wider before it is multiplied, which
            the kernel does number by number; None if there is none.
    """

    equation: int
    operand: Place
    weight: Place
    axis: int
    of_input: bool
    heads: int = 1
    head_axis: int | None = None
    widened: int | None = None

    @property
    def equations(self) -> list[int]:
        """All that the kernel does in place of XLA."""
        widened = [] if self.widened is None else [self.widened]
        return [*widened, self.equation]


@dataclass(frozen=True)
class Cut:
    """The equations in the kernel, in order, and what they read.

    Attributes:
        equations: without the products.
        products: in order.
        vectors: places of what is the same for all rows.
        rows: places of what is the same at every step.
        streams: places of what every step reads.
        x: the place of what every step reads and multiplies: the input of the step, or
            what is made of it. One at most.
    """

    trace: Trace
    equations: list[int] = field(default_factory=list)
    products: list[Product] = field(default_factory=list)
    vectors: list[Place] = field(default_factory=list)
    rows: list[Place] = field(default_factory=list)
    streams: list[Place] = field(default_factory=list)
    x: list[Place] = field(default_factory=list)

    @property
    def carry(self) -> list[Place]:
        """The places of the carry before the step."""
        total, last = sum(self.trace.counts), self.trace.counts[-1]
        return [("input", n) for n in range(total - last, total)]

    @property
    def products_out(self) -> list[Place]:
        """The places of what the products give."""
        return [(product.equation, 0) for product in self.products]

    @property
    def by_kind(self) -> dict[str, list[Place]]:
        """All that the equations in the kernel read, by kind."""
        return {
            "carry": self.carry,
            "vector": self.vectors,
            "row": self.rows,
            "stream": self.streams,
            "product": self.products_out,
        }

    @property
    def inputs(self) -> list[Place]:
        """All that the equations in the kernel read."""
        return [place for places in self.by_kind.values() for place in places]

    @property
    def operands(self) -> list[Place]:
        """What is multiplied, but for the input of the step."""
        return [product.operand for product in self.products if not product.of_input]


def cut(trace: Trace) -> Cut:
    """Cut a step.

    Raises:
        UnsupportedError: something that reads the carry is nothing that the kernel has.
    """
    depends = _dependences(trace)
    made = Cut(trace)
    wanted = [out for out in trace.outputs if isinstance(out, tuple)]
    inside: set[int] = set()
    seen: set[Place] = set()
    while wanted:
        place = wanted.pop()
        if place in seen or place in made.carry:
            continue
        seen.add(place)
        if isinstance(place[0], int) and place[0] not in inside:
            eqn = trace.jaxpr.eqns[place[0]]
            product = _product(trace, place[0], eqn, depends)
            if product is not None and (not product.of_input or _takes(made, product)):
                inside.add(place[0])
                made.products.append(product)
                if not product.of_input:
                    wanted.append(product.operand)
                continue
            if _runs_inside(trace, eqn, depends):
                inside.add(place[0])
                made.equations.append(place[0])
                wanted += _places(trace, eqn)
                continue
        if not (isinstance(place[0], int) and place[0] in inside):
            _read(made, place, depends[place])
    if not made.streams and not made.x:
        raise UnsupportedError("it does not read its input")
    made.equations.sort()
    made.products.sort(key=lambda product: product.equation)
    return made


def _takes(made: Cut, product: Product) -> bool:
    """Whether the kernel multiplies what a step reads: the first one that it meets."""
    if not made.x:
        made.x.append(product.operand)
    return made.x == [product.operand]


def _dependences(trace: Trace) -> dict[Place, Depends]:
    params, x, key, carry = trace.counts
    kinds = [Depends.PARAMS] * params + [Depends.STEP] * (x + key)
    kinds += [Depends.CARRY] * carry
    found: dict[Place, Depends] = {("input", n): kind for n, kind in enumerate(kinds)}
    found |= {place: Depends.PARAMS for place in trace.at if place[0] == "const"}
    for n, eqn in enumerate(trace.jaxpr.eqns):
        kind = max((found[p] for p in _places(trace, eqn)), default=Depends.NOTHING)
        found |= {(n, out): kind for out in range(len(eqn.outvars))}
    return found


def _places(trace: Trace, eqn: JaxprEqn) -> list[Place]:
    return [trace.places[v] for v in eqn.invars if not isinstance(v, Literal)]


def _product(
    trace: Trace, number: int, eqn: JaxprEqn, depends: dict[Place, Depends]
) -> Product | None:
    """Return the product that an equation is, if the kernel can have it.

    Raises:
        UnsupportedError: it reads the carry, and is another kind of product.
    """
    kind = depends[number, 0]
    if eqn.primitive.name != "dot_general" or kind < Depends.STEP:
        return None
    sides = _places(trace, eqn)
    whole = [n for n, p in enumerate(sides) if depends[p] == Depends.PARAMS]
    if len(sides) == 2 and len(whole) == 1:
        side = whole[0]
        of_input = kind == Depends.STEP
        size = eqn.invars[1 - side].aval.shape[-1] if of_input else UNIT
        factor = _factor(eqn, side, size, trace.floats)
        if factor is not None and not (of_input and factor[1] > 1):
            weight, widened = _before_widening(trace, sides[side])
            return Product(
                number,
                sides[1 - side],
                weight,
                factor[0],
                of_input,
                *factor[1:],
                widened,
            )
    if kind == Depends.CARRY:
        a, b = (_say(v.aval.shape) for v in eqn.invars)
        raise UnsupportedError(f"it has a product of another kind ({a} by {b})")
    return None


def _before_widening(trace: Trace, weight: Place) -> tuple[Place, int | None]:
    """Return where a weight is before it is made wider, and by which equation it is."""
    number = weight[0]
    if not isinstance(number, int):
        return weight, None
    eqn = trace.jaxpr.eqns[number]
    if eqn.primitive.name != "convert_element_type":
        return weight, None
    before = eqn.invars[0]
    if before.aval.dtype.name not in set(trace.floats) - {trace.real}:
        return weight, None
    return trace.places[before], number


def _factor(
    eqn: JaxprEqn, side: int, size: int, floats: tuple[str, ...]
) -> tuple | None:
    """Return which axis of a weight is summed over, the heads, and their axis.

    None if it is no product of a vector per row with a weight that makes units.
    """
    if any(v.aval.dtype.name not in floats for v in eqn.invars):
        return None
    contract, batch = eqn.params["dimension_numbers"]
    shape, other = eqn.invars[side].aval.shape, eqn.invars[1 - side].aval.shape
    if len(contract[side]) != 1 or len(batch[side]) > 1:
        return None
    axis, head_axis = contract[side][0], next(iter(batch[side]), None)
    heads = 1 if head_axis is None else shape[head_axis]
    free = tuple(n for k, n in enumerate(shape) if k not in (axis, head_axis))
    wanted = (ROW, size) if head_axis is None else (heads, ROW, size)
    fits = sorted(other) == sorted(wanted) and other[contract[1 - side][0]] == size
    makes_units = split_units(free)[-1:] == (UNIT,) and ROW not in free
    return (axis, heads, head_axis) if fits and makes_units else None


def _say(shape: Shape) -> str:
    names = {ROW: "rows", UNIT: "units", INPUT: "features"}
    return "x".join(
        names.get(n) or (f"{n // UNIT}*units" if n % UNIT == 0 else str(n))
        for n in shape
    )


def _runs_inside(trace: Trace, eqn: JaxprEqn, depends: dict[Place, Depends]) -> bool:
    """Whether an equation runs in the kernel.

    Raises:
        UnsupportedError: it must, and cannot.
    """
    kind = max((depends[p] for p in _places(trace, eqn)), default=Depends.NOTHING)
    name = eqn.primitive.name
    variables = [*eqn.invars, *eqn.outvars]
    features = any(INPUT in v.aval.shape for v in variables)
    other = {str(v.aval.dtype) for v in variables} - {*trace.floats, "bool"}
    if kind == Depends.CARRY:
        if name not in SUPPORTED:
            raise UnsupportedError(f"it computes {name} of the carry")
        if features:
            raise UnsupportedError("it changes the input of a step by the carry")
        if other:
            raise UnsupportedError(f"it computes in {min(other)}")
        return True
    if kind == Depends.PARAMS:
        return name == "broadcast_in_dim" and not (features or other)
    return name in SUPPORTED and not (features or other)


def _read(made: Cut, place: Place, depends: Depends) -> None:
    """Note what is read from outside."""
    shape = made.trace.at[place].aval.shape
    if INPUT in shape:
        raise UnsupportedError("it reads the input of a step other than by a product")
    if depends == Depends.STEP:
        made.streams.append(place)
    elif ROW in shape:
        made.rows.append(place)
    else:
        made.vectors.append(place)
