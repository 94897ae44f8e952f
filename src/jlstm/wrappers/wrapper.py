"""What wrappers have in common: all that they do not change is the inner cell's."""

from dataclasses import dataclass
from typing import Annotated, Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from jlstm._internal.options import Limit
from jlstm._internal.overrides import own_step
from jlstm._internal.types import Carry, DType, Gates, Key, Params, Shape
from jlstm.cell import Cell, GatedCell

SHOWS_A_MAP = "a gated cell, whose recurrent map can be changed, such as LSTMCell(64)"


@dataclass(frozen=True, repr=False)
class CellWrapper(Cell):
    """A cell that hands everything but the step to the cell inside it."""

    cell: Cell

    def inner(self, params: Params) -> Params:
        """Return the part of ``params`` that is the inner cell's: by default all."""
        return params

    @property
    def hidden_size(self) -> int:
        """The units of the inner cell."""
        return self.cell.hidden_size

    @property
    def num_feature_axes(self) -> int:
        """The feature axes of the inner cell."""
        return self.cell.num_feature_axes

    def init(self, key: Key, input_size: int, dtype: DType = jnp.float32) -> Params:
        """Draw the parameters of the inner cell."""
        return self.cell.init(key, input_size, dtype)

    def init_carry(self, batch_shape: Shape = (), dtype: DType = jnp.float32) -> Carry:
        """Return the carry of the inner cell before the first step."""
        return self.cell.init_carry(batch_shape, dtype)

    def project(self, params: Params, x: Array) -> Any:
        """Map the input as the inner cell does."""
        return self.cell.project(self.inner(params), x)

    def fresh_carry(
        self, params: Params, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> Carry:
        """Return the carry that the inner cell starts from."""
        return self.cell.fresh_carry(self.inner(params), batch_shape, dtype)

    def prepare(
        self, params: Params, x: jax.ShapeDtypeStruct, key: Key | None
    ) -> Params:
        """Return the parameters as the inner cell uses them over a sequence."""
        return self.cell.prepare(params, x, key)


@dataclass(frozen=True, repr=False)
class Wrapper(CellWrapper):
    """A cell that is another cell but for what a subclass changes."""

    def step(
        self, params: Params, carry: Carry, zx: Any, key: Key | None = None
    ) -> tuple[Carry, Gates]:
        """Advance one step as the inner cell does."""
        return self.cell.step(self.inner(params), carry, zx, key)


@dataclass(frozen=True, repr=False)
class GatedWrapper(CellWrapper, GatedCell):
    """A gated cell that is another gated cell but for what a subclass changes."""

    cell: Annotated[GatedCell, Limit(SHOWS_A_MAP, lambda _: True)]

    def __post_init__(self) -> None:
        if own := own_step(self.cell):
            raise TypeError(
                f"{type(self).__name__} runs the maps and gates of the cell inside it, "
                f"not its step; {own}. Put that change into recur or gate."
            )

    @property
    def has_custom_gradient(self) -> bool:
        """Whether the inner cell does."""
        return self.cell.has_custom_gradient

    def recur(self, params: Params, h: Array) -> Any:
        """Map the previous output as the inner cell does."""
        return self.cell.recur(self.inner(params), h)

    def gate(
        self, params: Params, carry: Carry, zx: Any, zh: Any
    ) -> tuple[Carry, Gates]:
        """Apply the equations of the inner cell."""
        return self.cell.gate(self.inner(params), carry, zx, zh)


def split(key: Key | None) -> tuple[Key | None, Key | None]:
    """Return two keys, for the inner cell and for the wrapper, or no key twice."""
    if key is None:
        return None, None
    first, second = jax.random.split(key)
    return first, second
