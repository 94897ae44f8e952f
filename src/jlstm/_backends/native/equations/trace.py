"""A step of a cell as one flat list of equations.

The step is traced twice. Once with sizes that are primes, found nowhere else: so an
axis says what it is. And once with the sizes of a call. The two lists must have the
same equations, one for one; what is learned of an equation in the first holds for its
twin in the second.
"""

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal, jaxpr_as_fun
from jaxtyping import Array

from jlstm._backends.native.equations.sizes import INPUT, ROW, UNIT, Sizes
from jlstm._backends.native.equations.unsupported import UnsupportedError
from jlstm._internal.types import accumulator_dtype
from jlstm.cell import Cell

Types = Any
NARROWER = {"float32": ("float32", "bfloat16"), "float64": ("float64",)}
"""What a program may read and make that computes in a dtype: the kernel widens what it
reads, and rounds what it gives once, at the end."""


class StepInputs(NamedTuple):
    """What a step reads, or the types of it. The order is that of the dependences."""

    params: Any
    x: Any
    key: Any
    carry: Any


@dataclass(frozen=True, eq=False)
class Trace:
    """The equations of a step, no function called in them.

    A value has a place that is the same in every trace of a cell: ``("input", n)``,
    ``("const", n)`` or ``(equation, n)``.
    """

    closed: ClosedJaxpr
    counts: tuple[int, ...]
    """Leaves of parameters, of x, of the key, of the carry."""

    @property
    def jaxpr(self) -> Jaxpr:
        """The equations."""
        return self.closed.jaxpr

    @property
    def real(self) -> str:
        """The dtype that the kernel computes in: that of sums of the carry's dtype."""
        carry = self.jaxpr.invars[-self.counts[-1]]
        return accumulator_dtype(carry.aval.dtype).name

    @property
    def floats(self) -> tuple[str, ...]:
        """The dtypes that may stand in what the kernel computes."""
        return NARROWER.get(self.real, ())

    @cached_property
    def places(self) -> dict[Any, tuple]:
        """Where each variable is made."""
        made = {v: ("input", n) for n, v in enumerate(self.jaxpr.invars)}
        made |= {v: ("const", n) for n, v in enumerate(self.jaxpr.constvars)}
        for at, eqn in enumerate(self.jaxpr.eqns):
            made |= {v: (at, n) for n, v in enumerate(eqn.outvars)}
        return made

    @cached_property
    def at(self) -> dict[tuple, Any]:
        """The variable of each place."""
        return {place: v for v, place in self.places.items()}

    @property
    def outputs(self) -> list[Any]:
        """The carry after the step: places, or literals."""
        return [v if isinstance(v, Literal) else self.places[v]
                for v in self.jaxpr.outvars]  # fmt: skip

    def part(self, inputs: list[tuple], equations: list[int], outputs: list) -> Any:
        """Return the function from some places to others by some equations."""
        at = self.at
        read = [at[place] for place in inputs]
        made = [at[out] if isinstance(out, tuple) else out for out in outputs]
        eqns = [self.jaxpr.eqns[n] for n in equations]
        names = (len(read) * ("",), len(made) * ("",))
        info = self.jaxpr.debug_info._replace(arg_names=names[0], result_paths=names[1])
        jaxpr = Jaxpr((), read, made, eqns, self.jaxpr.effects, debug_info=info)
        return jaxpr_as_fun(ClosedJaxpr(jaxpr, ()))


def trace(cell: Cell, types: StepInputs) -> Trace:
    """Trace the projection and the step of a cell.

    Raises:
        UnsupportedError: the step cannot be traced as a flat list.
    """

    def step(inputs: StepInputs) -> list[Array]:
        params, x, key, carry = inputs
        new, _ = cell.step(params, carry, cell.project(params, x), key)
        return jax.tree.leaves(new)

    try:
        with jax.disable_jit():  # so that functions under jit are written out
            closed = jax.make_jaxpr(step)(types)
    except Exception as error:
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise UnsupportedError(f"its step cannot be traced ({said[0]})") from error
    return Trace(closed, tuple(len(jax.tree.leaves(part)) for part in types))


def traced_alike(first: Trace, second: Trace, sizes: Sizes) -> bool:
    """Whether the second trace is the first one with the true sizes.

    Numbers count too: a step that reads the size of its batch has another one in each.
    """
    one, two = first.jaxpr, second.jaxpr
    pairs = [(one.invars, two.invars), (one.constvars, two.constvars)]
    if len(one.eqns) != len(two.eqns):
        return False
    for a, b in zip(one.eqns, two.eqns, strict=True):
        if a.primitive is not b.primitive or not _alike(a.params, b.params, sizes):
            return False
        pairs += [(a.invars, b.invars), (a.outvars, b.outvars)]
    return all(
        len(a) == len(b)
        and all(_same_value(v, w, sizes) for v, w in zip(a, b, strict=True))
        for a, b in pairs
    )


def _same_value(v: Any, w: Any, sizes: Sizes) -> bool:
    if sizes.true(v.aval.shape) != w.aval.shape:
        return False
    if isinstance(v, Literal) and v.aval.shape == ():
        same_row = sizes._replace(row=ROW, input=INPUT)  # the kernel knows units alone
        return isinstance(w, Literal) and _alike(_number(v), _number(w), same_row)
    return True


def _number(literal: Literal) -> Any:
    return np.asarray(literal.val).item()


def _alike(a: Any, b: Any, sizes: Sizes) -> bool:
    """Whether two parameters of an equation, or two numbers, are alike."""
    if isinstance(a, dict):
        return all(_alike(a[name], b.get(name), sizes) for name in a)
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(_alike, a, b, [sizes] * len(a)))
    if isinstance(a, bool) or not isinstance(a, int | float):
        return True  # functions and the like: what they compute stands in equations
    return sizes.of(a) == b or (a != a and b != b)


def prime_types(cell: Cell, like: StepInputs, features: int) -> StepInputs:
    """Return the types of a step with sizes that are primes.

    ``features`` is that of the input: INPUT, or UNIT where it has as many as units.

    Raises:
        UnsupportedError: the parameters are not those that the cell makes.
    """
    key = None if like.key is None else jax.typeof(jax.random.key(0))
    x = jax.ShapeDtypeStruct((ROW, features), like.x.dtype)

    def prepared(key: Any) -> tuple[Any, Any]:
        params = cell.init(jax.random.key(0), features)
        return cell.prepare(params, x, key), cell.init_carry((ROW,))

    try:
        params, carry = jax.eval_shape(prepared, key)
    except Exception as error:
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise UnsupportedError(f"its sizes are not free ({said[0]})") from error
    given = (like.params, like.carry)
    if jax.tree.structure((params, carry)) != jax.tree.structure(given):
        raise UnsupportedError("its parameters are not those that it makes")
    params, carry = jax.tree.map(
        lambda a, b: jax.ShapeDtypeStruct(a.shape, b.dtype), (params, carry), given
    )
    return StepInputs(params, x, key, carry)


def resized(cell: Any, size: int) -> Any:
    """Return the cell with another number of units, through its wrappers.

    Raises:
        UnsupportedError: it has no such number, or none but its own.
    """
    names = {field.name for field in dataclasses.fields(cell)}
    try:
        if "hidden_size" in names:
            return dataclasses.replace(cell, hidden_size=size)
        if "cell" in names:
            return dataclasses.replace(cell, cell=resized(cell.cell, size))
    except (ValueError, TypeError) as error:
        raise UnsupportedError(f"its hidden_size is not free ({error})") from error
    raise UnsupportedError("it has no hidden_size")


def prime_cell(cell: Cell) -> Cell:
    """Return the cell with a number of units that is found nowhere else."""
    return resized(cell, UNIT * heads_of(cell))


def heads_of(cell: Any) -> int:
    """Return into how many blocks of units the state of a cell falls apart.

    Example:
        >>> from jlstm import LSTMCell, Zoneout
        >>> heads_of(Zoneout(LSTMCell(8, num_heads=4)))
        4
    """
    inner = getattr(cell, "cell", None)
    return getattr(cell, "num_heads", 1) if inner is None else heads_of(inner)
