"""A cell with the program that was generated from its equations."""

import collections
import functools
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from jlstm._backends.native.equations.cut import Cut, cut
from jlstm._backends.native.equations.generate import Program, generate
from jlstm._backends.native.equations.layout import Layout, WeightLayout
from jlstm._backends.native.equations.sizes import INPUT, UNIT, Sizes
from jlstm._backends.native.equations.trace import (
    StepInputs,
    Trace,
    heads_of,
    prime_cell,
    prime_types,
    trace,
    traced_alike,
)
from jlstm._backends.native.equations.unsupported import UnsupportedError
from jlstm._backends.native.library import register_program
from jlstm._internal.types import Params, accumulator_dtype
from jlstm.cell import Cell


@dataclass(frozen=True, eq=False)
class Compiled:
    """A cell and its program. There is one of each: it is known by being the same.

    Attributes:
        cell: with its own sizes.
        types: of what its step reads, in primes.
        cut: of its step, in primes.
        program: what was generated.
    """

    cell: Cell
    types: StepInputs
    cut: Cut
    program: Program

    @cached_property
    def key(self) -> str:
        """The name of the program at the runtime; compiled if need be."""
        return register_program(self.program.source, self.real)

    @cached_property
    def vectors(self) -> list[Layout]:
        """How each value that all rows share is given."""
        return self._layouts(self.cut.vectors)

    @cached_property
    def rows(self) -> list[Layout]:
        """How each value that all steps share is given."""
        return self._layouts(self.cut.rows)

    @cached_property
    def streams(self) -> list[Layout]:
        """How each value of a step is given."""
        return self._layouts(self.cut.streams)

    @cached_property
    def weights(self) -> list[WeightLayout]:
        """How each weight is given."""
        used = collections.defaultdict(list)
        for plan in self.program.products:
            used[plan.product].append(plan.used)
        return [
            WeightLayout(
                self._shape(p.weight), p.axis, p.head_axis, tuple(used[number])
            )
            for number, p in enumerate(self.cut.products)
        ]

    @cached_property
    def carry(self) -> list[Layout]:
        """How each leaf of the carry is given: as so many arrays as it has vectors."""
        return self._layouts(self.cut.carry)

    @cached_property
    def inputs_type(self) -> Any:
        """The NamedTuple of what the routine reads."""
        c = self.cut
        names = [
            "xs",
            *(f"w{n}" for n in range(len(self.program.products))),
            *(f"s{n}" for n in range(len(c.streams))),
            *(f"v{n}" for n in range(len(c.vectors))),
            *(f"r{n}" for n in range(len(c.rows))),
            *(f"h{n}" for n in range(self.leaves)),
            *(f"f{n}" for n in range(self.leaves)),
            "live", "resets",
        ]  # fmt: skip
        return collections.namedtuple("Inputs", names)

    @property
    def real(self) -> str:
        """The dtype that the kernel computes in."""
        return self.cut.trace.real

    @cached_property
    def weight_dtype(self) -> str:
        """The dtype of the weights as the kernel is given them: that of all, if one."""
        at = self.cut.trace.at
        given = {at[product.weight].aval.dtype.name for product in self.cut.products}
        return given.pop() if len(given) == 1 else self.real

    @property
    def leaves(self) -> int:
        """The leaves of the carry as the kernel counts them: vectors of units."""
        return sum(layout.width for layout in self.carry)

    def sizes(self, rows: int, features: int) -> Sizes:
        """Return the true sizes of a call."""
        return Sizes(self.units, rows, features)

    @property
    def units(self) -> int:
        """How many units a vector has: those of one head."""
        return self.cell.hidden_size // heads_of(self.cell)

    def at(self, rows: int, features: int) -> Trace:
        """Return the equations with true sizes.

        Raises:
            UnsupportedError: they are not those that the program was made from.
        """
        found = _true_trace(self, rows, features, jax.sharding.get_abstract_mesh())
        if isinstance(found, UnsupportedError):
            raise found
        return found

    def flat_params(self, params: Params, sizes: Sizes) -> list[Array]:
        """Return the leaves of the parameters with all axes of the batch as one."""
        leaves = jax.tree.leaves(params)
        types = jax.tree.leaves(self.types.params)
        return [
            leaf.reshape(sizes.true(type_.shape))
            for leaf, type_ in zip(leaves, types, strict=True)
        ]

    def _layouts(self, places: list) -> list[Layout]:
        return [Layout(self._shape(place), self.real) for place in places]

    def _shape(self, place: tuple) -> tuple:
        return self.cut.trace.at[place].aval.shape


@functools.lru_cache(maxsize=512)
def _true_trace(
    made: Compiled, rows: int, features: int, mesh: Any
) -> Trace | UnsupportedError:
    """Trace with true sizes; equations belong to the mesh that they are traced in."""
    sizes = made.sizes(rows, features)
    types = jax.tree.map(
        lambda t: jax.ShapeDtypeStruct(sizes.true(t.shape), t.dtype), made.types
    )
    try:
        found = trace(made.cell, types)
    except UnsupportedError as error:
        return error
    if not traced_alike(made.cut.trace, found, sizes):
        return UnsupportedError("its equations depend on the sizes")
    return found


def compiled(cell: Cell, like: StepInputs) -> Compiled:
    """Return the program of a cell for parameters and a key of some types.

    Raises:
        UnsupportedError: the kernel cannot have it.
    """
    square = like.x.shape[-1] == cell.hidden_size
    wide = jax.config.jax_enable_x64  # noise is drawn in other dtypes
    sized = (
        jax.tree.structure(like.params),
        like.key is None,
        like.x.dtype,
        wide,
        square,
    )
    dtypes = tuple(leaf.dtype for leaf in jax.tree.leaves((like.params, like.carry)))
    made = _compiled(cell, sized, dtypes, _Hidden(like))
    if isinstance(made, UnsupportedError):
        raise made
    return made


def own_types(
    cell: Cell, key: Any, features: int = 3, dtypes: tuple[str, ...] = ("float32",)
) -> StepInputs:
    """Return types of a step as the cell itself makes them, with a key or without.

    ``dtypes`` are those of the input and of the leaves of a carry that was given.
    """
    dtype, *given = dtypes
    x = jax.ShapeDtypeStruct((5, features), dtype)

    def made(key: Any) -> tuple[Params, Any]:
        params = cell.init(jax.random.key(0), features, jnp.dtype(dtype))
        carry = cell.init_carry((5,), accumulator_dtype(dtype))
        return cell.prepare(params, x, key), carry

    params, carry = jax.eval_shape(made, key)
    leaves, tree = jax.tree.flatten(carry)
    if len(given) == len(leaves):
        leaves = map(jax.ShapeDtypeStruct, [leaf.shape for leaf in leaves], given)
    return StepInputs(params, x, key, jax.tree.unflatten(tree, leaves))


class _Hidden:
    """Types that a cache key does not see: what counts of them stands next to it."""

    def __init__(self, types: StepInputs) -> None:
        self.types = types

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hidden)

    def __hash__(self) -> int:
        return 0


@functools.lru_cache(maxsize=512)
def _compiled(
    cell: Cell, sized: Any, dtypes: tuple, like: _Hidden
) -> Compiled | UnsupportedError:
    *_, square = sized
    reasons = []
    # An input with as many features as units may meet the carry.
    for features in (INPUT, UNIT) if square else (INPUT,):
        try:
            return _made(cell, like.types, features)
        except UnsupportedError as error:
            reasons.append(error)
        except Exception as error:  # what is wrong here must not end a user's program
            said = f"reading its equations failed ({error!r})"
            reasons.append(UnsupportedError(said))
    return reasons[-1]


def _made(cell: Cell, like: StepInputs, features: int) -> Compiled:
    big = prime_cell(cell)
    types = prime_types(big, like, features)
    made = cut(trace(big, types))
    return Compiled(cell, types, made, generate(made))
