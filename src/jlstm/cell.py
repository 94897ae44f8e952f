"""The contract of a cell: a frozen dataclass with pure functions over a params pytree.

A cell holds hyper-parameters only. It is hashable, so it is static under ``jax.jit``
without retracing; it prints, compares and pickles; it is its own configuration.
Everything else in jlstm is a function of cells.
"""

import abc
from typing import Any, final

import jax
import jax.numpy as jnp
from jaxtyping import Array

from jlstm._repr import ShortRepr
from jlstm._tree import cast, cast_like
from jlstm._types import Carry, DType, Gates, Key, Params, Shape, accumulator_dtype


class Cell(ShortRepr, abc.ABC):
    """One step of a recurrent network.

    Subclasses are frozen dataclasses. ``params``, ``carry`` and ``gates`` are
    NamedTuples; the first field of a carry is ``h``, and ``carry.h`` *is* the output of
    the step.
    """

    hidden_size: int

    @abc.abstractmethod
    def init(self, key: Key, input_size: int, dtype: DType = jnp.float32) -> Params:
        """Draw parameters for inputs of ``input_size`` features."""

    @abc.abstractmethod
    def init_carry(self, batch_shape: Shape = (), dtype: DType = jnp.float32) -> Carry:
        """Return the carry before the first step."""

    @abc.abstractmethod
    def project(self, params: Params, x: Array) -> Any:
        """Map the input alone (``*b x``); no carry enters, so all steps run as one."""

    @abc.abstractmethod
    def step(
        self, params: Params, carry: Carry, zx: Any, key: Key | None = None
    ) -> tuple[Carry, Gates]:
        """Advance one step from ``carry`` and the projected input ``zx``."""


class GatedCell(Cell):
    """A cell whose step is one recurrent map of ``h`` followed by elementwise gates.

    ``step`` is written once, here. The gates are computed in float32 or wider, the two
    maps in the dtype of the input, and the carry keeps the dtype that it came with.
    """

    @abc.abstractmethod
    def recur(self, params: Params, h: Array) -> Any:
        """Map the previous output (``*b h``) to its share of the pre-activations."""

    @abc.abstractmethod
    def gate(
        self, params: Params, carry: Carry, zx: Any, zh: Any
    ) -> tuple[Carry, Gates]:
        """Apply the paper's equations to the two shares of the pre-activations."""

    @final
    def step(
        self, params: Params, carry: Carry, zx: Any, key: Key | None = None
    ) -> tuple[Carry, Gates]:
        """Advance one step: ``gate(recur(h))`` with the dtypes pinned."""
        compute = jax.tree.leaves(zx)[0].dtype
        wide = accumulator_dtype(compute)
        zh = self.recur(params, carry.h.astype(compute))
        new, gates = self.gate(params, *(cast(z, wide) for z in (carry, zx, zh)))
        return cast_like(new, carry), gates


def check_size(cell: Cell) -> None:
    """Raise ValueError unless ``cell.hidden_size`` is a positive integer."""
    if not isinstance(cell.hidden_size, int) or cell.hidden_size < 1:
        raise ValueError(
            f"{type(cell).__name__}: hidden_size is {cell.hidden_size!r}; "
            "give a positive integer."
        )
