"""Axes of an automatic mesh by their names: what the loop knows without a layout.

On an automatic mesh nobody knows while tracing how an array is laid out. XLA finds out
later, but cannot look into a kernel. So the names of the axes say it: the mesh that is
in the context (``jax.set_mesh``) splits rows over ``data`` and ``fsdp``.
"""

import math
from collections.abc import Mapping
from typing import Any

import jax
from jax.sharding import AxisType, PartitionSpec

DATA, FSDP, MODEL, REPLICAS = "data", "fsdp", "model", "replicas"
ROWS = (DATA, FSDP)
"""Both split the rows of a batch; over ``fsdp`` parameters are split as well."""
NAMES = (DATA, FSDP, MODEL, REPLICAS)


def named_mesh(leaf: Any) -> bool:
    """Say whether a traced array is computed on several devices, split by these names.

    Not inside ``jax.shard_map``, where each device has a program of its own, and not on
    a mesh of explicit axes, where types say how arrays are laid out.
    """
    if not isinstance(leaf, jax.core.Tracer):
        return False
    mesh = jax.sharding.get_abstract_mesh()
    automatic = set(mesh.axis_types) == {AxisType.Auto}
    return automatic and mesh.size > 1 and not {*NAMES}.isdisjoint(mesh.axis_names)


def row_axes(rows: int) -> tuple[str, ...]:
    """Return the axes of the mesh in the context that split so many rows.

    None where they cannot be split evenly: then every device computes all of them.
    """
    mesh = jax.sharding.get_abstract_mesh()
    names = tuple(name for name in ROWS if name in mesh.axis_names)
    return () if rows % math.prod(mesh.shape[name] for name in names) else names


INPUT, UNITS, HEADS = "input", "units", "heads"
"""What the axes of parameters are: rows of a weight, units, blocks of one head each."""
SLSTM_GATES = 4
"""In the only recurrent weight of blocks; those of several layers have other counts."""


def logical_axes(name: str, shape: tuple[int, ...]) -> tuple[str | None, ...]:
    """Return what each axis of a parameter is, by its name and its shape.

    The last axis of all parameters of cells is that of the units; the first of a weight
    is what it reads. The axis of the gates has no name: it stays whole. A recurrent
    weight of blocks begins with its heads.

    Example:
        >>> logical_axes("w_ih", (512, 4, 512)), logical_axes("b", (4, 512))
        (('input', None, 'units'), (None, 'units'))
        >>> logical_axes("w_hh", (8, 64, 4, 64))
        ('heads', None, None, None)
    """
    if not shape:
        return ()
    if len(shape) == 4 and shape[1] == shape[3] and shape[2] == SLSTM_GATES:
        return (HEADS, None, None, None)
    reads = len(shape) > 1 and name[:1] not in ("b", "g", "p")
    first = [INPUT if reads else None] if len(shape) > 1 else []
    return (*first, *[None] * (len(shape) - 2), UNITS)


def mesh_axes(
    name: str, shape: tuple[int, ...], axes: Mapping[str, str]
) -> PartitionSpec:
    """Return which axis of a mesh splits each axis of a parameter.

    Args:
        name: of the parameter.
        shape: of the parameter.
        axes: the axis of the mesh for "input", "units" and "heads"; others stay whole.

    Raises:
        ValueError: there is no axis of such a name.
    """
    wrong = sorted({*axes} - {INPUT, UNITS, HEADS})
    if wrong:
        raise ValueError(
            f"There is no axis {', '.join(map(repr, wrong))} of parameters: name the "
            f"axis of the mesh for {INPUT!r}, {UNITS!r} or {HEADS!r}."
        )
    found = logical_axes(name, shape)
    return PartitionSpec(*(None if each is None else axes.get(each) for each in found))
