"""Whether the kernel can run a cell, and if not, why."""

import math
from typing import Any

import jax
import jax.numpy as jnp

from jlstm._backends.native.build import failure
from jlstm._internal.overrides import set_on
from jlstm._internal.types import DType
from jlstm.cell import Cell
from jlstm.cells.gru import GRUCell
from jlstm.cells.lstm import LSTMCell

FEW_ROWS = 64
"""With fewer rows, packing the weights costs more than the kernel saves."""
ACTIVATIONS = {
    "gate_activation": "sigmoid",
    "activation": "tanh",
    "output_activation": "tanh",
}


def unavailable(cell: Cell, *dtypes: DType) -> str | None:
    """Return why the kernel cannot run ``cell`` here; ``None`` if it can.

    Asking compiles the kernel if nothing else speaks against it and that has not been
    done. ``dtypes`` are those of the inputs and of the carry.

    Example:
        >>> unavailable(GRUCell(8, reset="before"))
        'the kernel has the GRU with reset="after" only'
        >>> unavailable(LSTMCell(8), "bfloat16")
        'the kernel computes in float32, not in bfloat16'
    """
    platform = jax.default_backend()
    return unsupported_cell(cell) or unsupported(platform, *dtypes)


def unsupported(platform: str, *dtypes: DType) -> str | None:
    """Return why the kernel cannot run anything of these dtypes on a platform.

    Asking compiles the kernel if nothing else speaks against it, the platform is that
    of this process, and it has not been done.

    Example:
        >>> unsupported("cpu", "float64")
        'the kernel computes in float32, not in float64'
        >>> unsupported("gpu", "float32")
        'the kernel is for the CPU, not gpu'
    """
    if (reason := _unsupported_dtype(dtypes)) is not None:
        return reason
    if platform != "cpu":
        return f"the kernel is for the CPU, not {platform}"
    return failure() if jax.default_backend() == "cpu" else None


def too_small(*sizes: Any) -> str | None:
    """Return why a call of so many rows is not worth the kernel.

    A size that is only a name, as in an exported program, stands for many.

    Example:
        >>> too_small(9, 7), too_small(8, 8)
        ('63 rows over all steps are fewer than 64', None)
    """
    if not all(isinstance(size, int) for size in sizes):
        return None
    rows = math.prod(sizes)
    few = f"{rows} rows over all steps are fewer than {FEW_ROWS}"
    return few if rows < FEW_ROWS else None


def unsupported_cell(cell: Cell) -> str | None:
    """Return what of ``cell`` the kernel does not have; ``None`` if it has all.

    Example:
        >>> unsupported_cell(LSTMCell(8)), unsupported_cell(LSTMCell(8, num_heads=2))
        (None, 'the kernel has one head, not 2')
    """
    if type(cell) not in (LSTMCell, GRUCell):
        return f"the kernel has LSTMCell and GRUCell, not {type(cell).__name__}"
    if isinstance(cell, GRUCell) and cell.reset != "after":
        return 'the kernel has the GRU with reset="after" only'
    if cell.num_heads != 1:
        return f"the kernel has one head, not {cell.num_heads}"
    if isinstance(cell, LSTMCell) and cell.cell_clip is not None:
        return "the kernel does not clip the cell state"
    if (name := set_on(cell)) is not None:
        return f"the kernel would not see the {name} that was set on it"
    for field, wanted in ACTIVATIONS.items():
        given = getattr(cell, field, wanted)
        if given != wanted:
            return f"the kernel has {field}={wanted!r}, not {given!r}"
    return None


def _unsupported_dtype(dtypes: tuple[DType, ...]) -> str | None:
    names = (jnp.dtype(dtype).name for dtype in dtypes)
    others = [name for name in names if name != "float32"]
    return f"the kernel computes in float32, not in {others[0]}" if others else None
