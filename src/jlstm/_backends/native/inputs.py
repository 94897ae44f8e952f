"""What a program reads, computed from the parameters, the inputs and the carry."""

from typing import Any, NamedTuple

import jax
from jaxtyping import Array

from jlstm._backends.native.compiled import Compiled
from jlstm._backends.native.equations.outside import computed
from jlstm._internal.types import Carry, Params


class Shared(NamedTuple):
    """What all steps share, as the kernel reads it."""

    weights: list[Array]
    vectors: list[Array]
    rows: list[Array]


class Read(NamedTuple):
    """What each step reads, time first; ``xs`` is what the kernel multiplies."""

    xs: Array | None
    streams: list[Array]


def shared_inputs(made: Compiled, params: Params, rows: int, features: int) -> Shared:
    """Compute what all steps share, for so many rows and features."""
    sizes, cut = made.sizes(rows, features), made.cut
    leaves = made.flat_params(params, sizes)
    places = [*cut.vectors, *cut.rows, *(p.weight for p in cut.products)]
    got, _ = computed(made.at(rows, features), places, [], (leaves, None, None))
    v, r = len(cut.vectors), len(cut.vectors) + len(cut.rows)
    packed = [
        of.packed(value, sizes)
        for of, value in zip([*made.vectors, *made.rows], got[:r], strict=True)
    ]
    weights = [
        head
        for of, value in zip(made.weights, got[r:], strict=True)
        for head in of.packed(value.astype(made.weight_dtype), sizes)
    ]
    return Shared(weights, packed[:v], packed[v:])


def read_inputs(made: Compiled, params: Params, xs: Array, keys: Any) -> Read:
    """Compute what each step reads; ``xs`` is time by rows by features."""
    _, rows, features = xs.shape
    sizes, cut = made.sizes(rows, features), made.cut
    leaves = made.flat_params(params, sizes)
    each = [*cut.x, *cut.streams]
    _, got = computed(made.at(rows, features), [], each, (leaves, xs, keys))
    multiplied = got.pop(0).astype(made.real) if cut.x else None
    pairs = zip(made.streams, got, strict=True)
    return Read(multiplied, [of.packed(value, sizes) for of, value in pairs])


def split_carry(made: Compiled, carry: Carry, rows: int) -> list:
    """Return a carry, with leaves of JAX or of NumPy, as vectors of units."""
    sizes = made.sizes(rows, 1)
    return [
        part
        for of, leaf in zip(made.carry, jax.tree.leaves(carry), strict=True)
        for part in of.split(leaf.reshape(sizes.true(of.traced)), sizes)
    ]


def join_carry(made: Compiled, parts: list, like: Carry, rows: int) -> Carry:
    """Return the carry of some vectors of units, with the types of another."""
    sizes, left = made.sizes(rows, 1), iter(parts)
    leaves, tree = jax.tree.flatten(like)
    new = [
        of.joined([next(left) for _ in range(of.width)], sizes)
        .reshape(leaf.shape)
        .astype(leaf.dtype)
        for of, leaf in zip(made.carry, leaves, strict=True)
    ]
    return jax.tree.unflatten(tree, new)
