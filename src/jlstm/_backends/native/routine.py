"""What a routine of the compiled kernel is: its meaning in JAX, and its calls."""

import abc
from typing import Any, ClassVar

import jax
import numpy as np
from jax.interpreters import mlir
from jaxtyping import Array

from jlstm._backends.native.build import target
from jlstm._backends.native.library import register_kernel

EMPTY = (0,)
Types = Any
"""A tree of abstract values, like the arrays that they stand for."""


class Routine(abc.ABC):
    """A function of a NamedTuple of inputs, of which ``None`` says that one is absent.

    It is hashable, so that JAX knows a call again. Its outputs are what it shows, and
    behind that, where a gradient will be asked for, what it keeps for it. What is kept
    is redundant, a function of the inputs; the formula neither makes nor reads it.
    """

    rows: ClassVar[dict[str, int]]
    """The axis of the rows in the inputs that have one; the others are weights."""

    @abc.abstractmethod
    def formula(self, inputs: Any) -> list[Array]:
        """Compute what is shown, in JAX."""

    @abc.abstractmethod
    def shown(self, inputs: Types) -> list[Any]:
        """Return the types of what is shown."""

    @abc.abstractmethod
    def kept(self, inputs: Types) -> list[Any]:
        """Return the types of what is kept."""

    @abc.abstractmethod
    def row_axes(self, inputs: Types) -> list[int]:
        """Return the axis of the rows in all that is shown, then in all that is kept.

        What is kept only has to be divisible along it.
        """

    @abc.abstractmethod
    def forward(
        self, ctx: mlir.LoweringRuleContext, inputs: Any, types: Types, keep: bool
    ) -> list:
        """Lower to the kernel's forward pass: values of what is shown and kept."""

    @abc.abstractmethod
    def backward(
        self,
        ctx: mlir.LoweringRuleContext,
        values: tuple[Any, list, list],
        types: tuple[Types, list, list],
        wanted: tuple[str, ...],
    ) -> list:
        """Lower to the kernel's backward pass: the gradients of what is wanted.

        ``values`` are the inputs, the outputs, and the cotangents of what is shown.
        """

    @abc.abstractmethod
    def layout(self, inputs: Types) -> dict[str, tuple]:
        """Return the shape and the dtype that each input must have."""

    def outputs(self, inputs: Types, keep: bool) -> list[Any]:
        """Return the types of all outputs.

        Raises:
            ValueError: an input has not the type that it must have.
        """
        for name, (shape, dtype) in self.layout(inputs).items():
            given = getattr(inputs, name)
            if given is not None and (given.shape, given.dtype) != (shape, dtype):
                raise ValueError(
                    f"The kernel wants {name} of shape {shape} in {dtype}; it has "
                    f"shape {given.shape} in {given.dtype}."
                )
        return self.shown(inputs) + (self.kept(inputs) if keep else [])


def call(
    ctx: mlir.LoweringRuleContext,
    name: str,
    operands: list,
    avals_in: list,
    results: list,
    aliases: dict[int, int] | None = None,
    real: str = "float32",
    **options: bool | str,
) -> list:
    """Call the kernel with empty arrays for what is ``None``; return what is not."""
    register_kernel(real)
    nothing = jax.core.ShapedArray(EMPTY, np.float32)
    absent = mlir.ir_constant(np.zeros(EMPTY, np.float32))
    operands = [absent if operand is None else operand for operand in operands]
    full = ctx.replace(
        avals_in=[nothing if aval is None else aval for aval in avals_in],
        avals_out=[nothing if aval is None else aval for aval in results],
    )
    rule = jax.ffi.ffi_lowering(target(name, real), operand_output_aliases=aliases)
    out = rule(full, *operands, **options)
    return [value for value, aval in zip(out, results, strict=True) if aval is not None]
