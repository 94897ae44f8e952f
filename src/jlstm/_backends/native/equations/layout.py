"""How the kernel is given a value: rows first, units last, all else between."""

import math
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from jlstm._backends.native.equations.sizes import ROW, UNIT, Sizes, split_units
from jlstm._internal.types import DType, Shape

AnyArray = Array | np.ndarray


@dataclass(frozen=True)
class Layout:
    """Where the rows and the units of a value are.

    Attributes:
        traced: its shape, in primes.
        real: the dtype that the kernel computes in.
    """

    traced: Shape
    real: DType

    @property
    def shape(self) -> Shape:
        """The traced shape with an axis for the units alone."""
        return split_units(self.traced)

    @property
    def has_rows(self) -> bool:
        """Whether rows differ."""
        return ROW in self.shape

    @property
    def has_units(self) -> bool:
        """Whether units differ."""
        return UNIT in self.shape

    @property
    def others(self) -> Shape:
        """The axes between."""
        return tuple(n for n in self.shape if n not in (ROW, UNIT))

    @property
    def width(self) -> int:
        """How many vectors of units there are for a row."""
        return math.prod(self.others)

    def packed(self, value: AnyArray, sizes: Sizes) -> AnyArray:
        """Return the value as (rows, vectors, units), or (vectors, units).

        Axes in front of the traced ones, such as time, stay in front.
        """
        lead = value.shape[: value.ndim - len(self.traced)]
        value = value.reshape(*lead, *sizes.true(self.shape))
        xp = value.__array_namespace__()  # of JAX, or of NumPy
        value = xp.moveaxis(value, self._ends(len(lead)), self._wanted(len(lead)))
        head = (*lead, *((sizes.row,) if self.has_rows else ()))
        if not self.has_units:
            value = value[..., None]
        value = value.reshape(*head, self.width, value.shape[-1])
        wide = value.astype(self.real)
        return xp.broadcast_to(wide, (*value.shape[:-1], sizes.unit))

    def unpacked(self, packed: AnyArray, sizes: Sizes) -> AnyArray:
        """Return the value that was packed."""
        head = (sizes.row,) if self.has_rows else ()
        lead = packed.shape[: packed.ndim - len(head) - 2]
        value = packed.reshape(*lead, *head, *sizes.true(self.others), sizes.unit)
        if not self.has_units:
            value = value[..., 0]
        xp = value.__array_namespace__()
        value = xp.moveaxis(value, self._wanted(len(lead)), self._ends(len(lead)))
        return value.reshape(*lead, *sizes.true(self.traced))

    def _ends(self, lead: int) -> list[int]:
        return [lead + self.shape.index(n) for n in (ROW, UNIT) if n in self.shape]

    def _wanted(self, lead: int) -> list[int]:
        rows = [lead] if self.has_rows else []
        return rows + ([lead + len(self.shape) - 1] if self.has_units else [])

    def split(self, value: AnyArray, sizes: Sizes) -> list[AnyArray]:
        """Return the value as one array for each vector of units."""
        packed = self.packed(value, sizes)
        return [packed[..., n, :] for n in range(self.width)]

    def joined(self, parts: list[AnyArray], sizes: Sizes) -> AnyArray:
        """Return the value that was split."""
        xp = parts[0].__array_namespace__()
        return self.unpacked(xp.stack(parts, axis=-2), sizes)


@dataclass(frozen=True)
class WeightLayout:
    """How the kernel is given a weight: (operand's size, vectors, units) for each head.

    Attributes:
        traced: its shape, in primes.
        axis: that is summed over.
        head_axis: along which there is a product for each head; None for one.
        used: of each head, the vectors that anything reads, of all.
    """

    traced: Shape
    axis: int
    head_axis: int | None
    used: tuple[tuple[int, ...], ...]

    @property
    def free(self) -> Shape:
        """The traced shape of the axes that the product has too."""
        skipped = (self.axis, self.head_axis)
        return tuple(n for k, n in enumerate(self.traced) if k not in skipped)

    @property
    def width(self) -> int:
        """How many vectors of units a product makes."""
        return math.prod(split_units(self.free)[:-1])

    @property
    def _ends(self) -> tuple[int, ...]:
        return tuple(k for k in (self.head_axis, self.axis) if k is not None)

    def packed(self, weight: Array, sizes: Sizes) -> list[Array]:
        """Return the weight of each head as the kernel reads it."""
        moved = jnp.moveaxis(weight, self._ends, range(len(self._ends)))
        size = moved.shape[len(self._ends) - 1]
        moved = moved.reshape(-1, size, self.width, sizes.unit)
        everything = tuple(range(self.width))
        return [
            head if used == everything else head[:, jnp.array(used)]
            for head, used in zip(moved, self.used, strict=True)
        ]

    def unpacked(self, packed: list[Array], sizes: Sizes) -> Array:
        """Return the weight; what nothing reads of it is zero."""
        heads = [
            jnp.zeros((head.shape[0], self.width, sizes.unit), head.dtype)
            .at[:, jnp.array(used, int)]
            .set(head)
            for head, used in zip(packed, self.used, strict=True)
        ]
        full = jnp.stack(heads)
        lead = full.shape[:2] if self.head_axis is not None else full.shape[1:2]
        full = full.reshape(*lead, *sizes.true(self.free))
        return jnp.moveaxis(full, range(len(self._ends)), self._ends)
