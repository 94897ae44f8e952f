"""Meshes with explicit axes, where the layout of an array is part of its type.

There JAX asks of every operation which layout its result has, and refuses what does not
tell: to merge a split axis with another, to gather along one, to start a loop from
zeros. So a computation over a sequence runs with these axes free, where XLA splits it
as it sees fit, or, where that would take the kernel away, on every device for the rows
that it holds. What comes out is laid out by type again.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import AbstractMesh, AxisType, Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array

from jlstm._internal.axes import named_mesh, row_axes

Tree = Any
Entry = Any
"""What splits one axis: an axis of the mesh, a tuple of several, or None."""
Place = Callable[[Tree], Tree]
"""Returns for each leaf of a result how it is laid out."""
REPLICATED = PartitionSpec()


def spread(compute: Callable, given: tuple, flag_rank: int, by_rows: bool) -> Callable:
    """Return a computation over a sequence as it runs where its arrays are.

    ``given`` is params, xs, carry, lengths, mask, resets and key; xs begins with
    ``flag_rank`` axes of time and batch. The last carry and all that has a time axis
    are split as these are, and their last axis as that of the carry or of weights as
    wide. On one device, and on a mesh whose axes tell nothing, this is ``compute``.
    """
    params, xs, carry, *_ = given
    if explicit_mesh(given) is None:
        if not (by_rows and named_mesh(xs)):
            return compute
        rows = row_axes(xs.shape[1]) if flag_rank > 1 else ()
        return _by_named_rows(compute, PartitionSpec(rows))
    steps = entries(xs)[:flag_rank]
    by_width = widths(steps, (carry, params))

    def place(out: tuple) -> Tree:
        last, sequence = out
        return (
            jax.tree.map(lambda leaf: spec_of(leaf, steps[1:], by_width), last),
            jax.tree.map(lambda leaf: spec_of(leaf, steps, by_width), sequence),
        )

    if not by_rows:
        return lambda *args: run_free(compute, args, place)
    specs, out_specs = _specs(PartitionSpec(*steps[1:]))
    return lambda *args: run_by_rows(compute, args, specs, out_specs, place)


def _specs(rows: PartitionSpec) -> tuple[tuple, tuple]:
    """Return how the arguments and the results of a run are split by rows."""
    flags = PartitionSpec(None, *rows)
    return (REPLICATED, flags, rows, rows, flags, flags, REPLICATED), (rows, flags)


def _by_named_rows(compute: Callable, rows: PartitionSpec) -> Callable:
    specs, out_specs = _specs(rows)
    return jax.shard_map(compute, in_specs=specs, out_specs=out_specs)


def explicit_mesh(tree: Tree) -> Mesh | AbstractMesh | None:
    """Return the mesh of the first array whose layout is part of its type."""
    for leaf in jax.tree.leaves(tree):
        mesh = jax.typeof(leaf).sharding.mesh
        if AxisType.Explicit in mesh.axis_types:
            return mesh if isinstance(leaf, jax.core.Tracer) else leaf.sharding.mesh
    return None


def free_devices(leaf: Any) -> int:
    """Return over how many devices XLA, unasked, splits what is computed from an array.

    One where the layout is part of the type or told by the names of axes, on one
    device, and where the caller maps over devices. Inside ``jax.jit`` the mesh in the
    context tells, if there is one.
    """
    if named_mesh(leaf):
        return 1
    if isinstance(leaf, jax.core.Tracer):
        mesh = jax.sharding.get_abstract_mesh()
        if AxisType.Manual in mesh.axis_types:
            return 1
        kinds = zip(mesh.axis_sizes, mesh.axis_types, strict=True)
        return math.prod(size for size, kind in kinds if kind == AxisType.Auto)
    sharding = getattr(leaf, "sharding", None)
    mesh = getattr(sharding, "mesh", None)
    if mesh is not None and _explicit(mesh):
        return 1
    return len(getattr(sharding, "device_set", (leaf,)))


def laid_like(leaf: Array, reference: Array) -> Array:
    """Lay out an array as another, into whose shape it fits, is by its type.

    On a mesh without explicit axes, and on one device, this is the array itself.
    """
    mesh = explicit_mesh(reference)
    if mesh is None:
        return leaf
    sharding = NamedSharding(mesh, jax.typeof(reference).sharding.spec)
    return jax.sharding.reshard(jnp.broadcast_to(leaf, reference.shape), sharding)


def run_free(compute: Callable, args: tuple, place: Place) -> Tree:
    """Run ``compute`` with all explicit axes free, then place its result.

    On any other mesh, and on one device, this is ``compute(*args)``.
    """
    mesh = explicit_mesh(args)
    if mesh is None:
        return compute(*args)
    with jax.sharding.use_abstract_mesh(_freed(mesh)):
        free = jax.tree.map(lambda _: REPLICATED, args)
        out = compute(*jax.sharding.reshard(args, free))
    return _placed(mesh, out, place)


def run_by_rows(
    compute: Callable, args: tuple, specs: tuple, out_specs: Tree, place: Place
) -> Tree:
    """Run ``compute`` on every device for its own rows, as ``jax.shard_map`` does.

    ``specs`` say for each argument where its rows are. On any other mesh, and on one
    device, this is ``compute(*args)``.
    """
    mesh = explicit_mesh(args)
    if mesh is None:
        return compute(*args)
    if AxisType.Manual in mesh.axis_types:  # inside a shard_map of the caller
        return run_free(compute, args, place)
    full = tuple(
        jax.tree.map(lambda _, spec=spec: NamedSharding(mesh, spec), arg)
        for arg, spec in zip(args, specs, strict=True)
    )
    run = jax.shard_map(
        compute, mesh=mesh, in_specs=specs, out_specs=out_specs,
        axis_names=_explicit(mesh),
    )  # fmt: skip
    return _placed(mesh, run(*jax.sharding.reshard(args, full)), place)


def entries(leaf: Array) -> tuple[Entry, ...]:
    """Return what splits each axis of an array, by its type."""
    spec = tuple(jax.typeof(leaf).sharding.spec)
    return (*spec, *[None] * (jnp.ndim(leaf) - len(spec)))


def widths(leading: tuple[Entry, ...], tree: Tree) -> dict[int, Entry]:
    """Return what splits the last axes in a tree, by their size.

    An axis of the mesh that already splits a leading one cannot split another.
    """
    taken, found = set(_names(leading)), {}
    for leaf in jax.tree.leaves(tree):
        last = entries(leaf)[-1:]
        if any(last) and not taken & set(_names(last)):
            found.setdefault(leaf.shape[-1], last[0])
    return found


def spec_of(
    leaf: Array, leading: tuple[Entry, ...], by_width: dict[int, Entry]
) -> PartitionSpec:
    """Return the layout of a leaf that begins with ``leading`` axes."""
    rest = jnp.ndim(leaf) - len(leading)
    if rest < 1:
        return PartitionSpec(*leading)
    return PartitionSpec(*leading, *[None] * (rest - 1), by_width.get(leaf.shape[-1]))


def _placed(mesh: Mesh | AbstractMesh, tree: Tree, place: Place) -> Tree:
    shardings = jax.tree.map(lambda spec: NamedSharding(mesh, spec), place(tree))
    return jax.sharding.reshard(tree, shardings)


def _freed(mesh: Mesh | AbstractMesh) -> AbstractMesh:
    kinds = dict.fromkeys(_explicit(mesh), AxisType.Auto)
    return mesh.abstract_mesh.update_axis_types(kinds)


def _explicit(mesh: Mesh | AbstractMesh) -> set[str]:
    kinds = zip(mesh.axis_names, mesh.axis_types, strict=True)
    return {name for name, kind in kinds if kind == AxisType.Explicit}


def _names(spec: tuple[Entry, ...]) -> Iterator[str]:
    for entry in spec:
        if entry is not None:
            yield from entry if isinstance(entry, tuple) else (entry,)
