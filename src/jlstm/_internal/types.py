"""The axis letters and the named types that every annotation of jlstm is written in.

======  ===============================================================
letter  axis
======  ===============================================================
``t``   time; always the leading axis of a sequence
``*b``  batch: any number of axes, none included
``x``   input features
``h``   hidden units (``carry.h``, the output of a cell)
``g``   gates of a cell, in the order of its ``GATES``
``v``   vocabulary
``l``   layers
======  ===============================================================

A plural name has a time axis (``xs, ys, zs``), a singular one is one step (``x, y,
z``).
"""

from typing import Any, Literal, TypeAlias

import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from jlstm._internal.options import Size

Key: TypeAlias = PRNGKeyArray
Params: TypeAlias = Any
"""A pytree of arrays; for a cell a NamedTuple whose class is named after the cell."""
Carry: TypeAlias = Any
"""What one step hands to the next; for a cell a NamedTuple that begins with ``h``."""
Gates: TypeAlias = Any
"""What merely happened in one step: a NamedTuple of gate activations."""
Shape: TypeAlias = tuple[int, ...]
DType: TypeAlias = Any
Checkpoint: TypeAlias = Literal["step", "sqrt"] | Size | None


def accumulator_dtype(dtype: DType) -> DType:
    """Return the type in which sums of ``dtype`` are kept: float32 for 16-bit floats.

    Example:
        >>> accumulator_dtype("bfloat16"), accumulator_dtype("float64")
        (dtype('float32'), dtype('float64'))
    """
    dtype = jnp.dtype(dtype)
    return jnp.dtype("float32") if dtype.itemsize < 4 else dtype
