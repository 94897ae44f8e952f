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

from jlstm._internal.affine import affine, block_affine
from jlstm._internal.options import Drawn, Options, Size
from jlstm._internal.repr import ShortRepr
from jlstm._internal.tree import cast, cast_like
from jlstm._internal.typed import GatesT, Gating
from jlstm._internal.types import (
    Carry,
    DType,
    Gates,
    Key,
    Params,
    Shape,
    accumulator_dtype,
)


class Cell(ShortRepr, Drawn, Options, abc.ABC):
    """One step of a recurrent network.

    Subclasses are frozen dataclasses. ``params``, ``carry`` and ``gates`` are
    NamedTuples; the first field of a carry is ``h``, and ``carry.h`` *is* the output of
    the step.

    Attributes:
        num_feature_axes: how many axes of a step's input follow the batch: 1 for a
            vector of features, more for an image.
    """

    hidden_size: Size
    num_feature_axes = 1

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

    def fresh_carry(
        self, params: Params, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> Carry:
        """Return the carry that a sequence starts from.

        It is :meth:`init_carry`, except for a cell that learns where to start.
        """
        return self.init_carry(batch_shape, dtype)

    def prepare(
        self, params: Params, x: jax.ShapeDtypeStruct, key: Key | None
    ) -> Params:
        """Return the parameters as one run over a sequence uses them.

        What is drawn once a sequence is drawn here, outside the loop: a mask shared by
        all steps, a noise on the weights. ``x`` describes the input of one step. Most
        cells draw nothing and return ``params``.
        """
        return params


class GatedCell(Cell):
    """A cell whose step is one recurrent map of ``h`` followed by elementwise gates.

    ``step`` is written once, here. The gates are computed in float32 or wider, the two
    maps in the dtype of the input, and the carry keeps the dtype that it came with.

    Attributes:
        num_heads: blocks on the diagonal of the recurrent weight; units of one head do
            not see those of another from step to step.
        has_custom_gradient: whether the gradient is meant to be another than the
            derivative of the equations, as that of a clipped gradient is. Such a cell
            runs step by step under plain reverse mode.
    """

    num_heads = 1
    has_custom_gradient = False

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
        self: Gating[GatesT],
        params: Params,
        carry: Any,
        zx: Any,
        key: Key | None = None,
    ) -> tuple[Any, GatesT]:
        """Advance one step: ``gate(recur(h))`` with the dtypes pinned."""
        compute = jax.tree.leaves(zx)[0].dtype
        wide = accumulator_dtype(compute)
        zh = self.recur(params, carry.h.astype(compute))
        new, gates = self.gate(params, *(cast(z, wide) for z in (carry, zx, zh)))
        return cast_like(new, carry), gates


class AffineCell(GatedCell):
    """A gated cell with two affine maps: ``w_ih`` and ``b`` of x, ``w_hh`` of h.

    Both shares have the same shape and the gates use their sum only, so a backend may
    compute it as one product of ``[x, h]``.
    """

    @final
    def project(self, params: Params, x: Array) -> Array:
        """Map the input to its share of the pre-activations."""
        return affine(x, params.w_ih, params.b)

    @final
    def recur(self, params: Params, h: Array) -> Array:
        """Map the previous output to its share of the pre-activations."""
        return recurrent_product(self, h, params.w_hh)


def recurrent_product(cell: GatedCell, h: Array, w_hh: Array) -> Array:
    """Multiply by a recurrent weight, block-diagonal if ``cell`` has several heads."""
    return affine(h, w_hh) if cell.num_heads == 1 else block_affine(h, w_hh)


def check_heads(cell: Cell) -> None:
    """Raise ValueError unless ``num_heads`` heads share the hidden units equally."""
    if cell.hidden_size % cell.num_heads:
        raise ValueError(
            f"{type(cell).__name__}: {cell.num_heads} heads cannot share "
            f"{cell.hidden_size} hidden units; give a divisor of hidden_size."
        )
