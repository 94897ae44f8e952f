"""Whether the kernels can run a cell, and if not, why."""

import jax.numpy as jnp

from jlstm._internal.overrides import set_on
from jlstm._internal.types import DType
from jlstm.cell import Cell
from jlstm.cells.gru import GRUCell
from jlstm.cells.lstm import LSTMCell
from jlstm.cells.slstm import SLSTMCell

ACTIVATIONS = {
    "gate_activation": "sigmoid",
    "activation": "tanh",
    "output_activation": "tanh",
}
CAPABILITY = "9.0"


def unsupported(cell: Cell, *dtypes: DType) -> str | None:
    """Return what the kernels do not have, on any device; ``None`` if they have all.

    ``dtypes`` are those of the input and then of the carry.

    Example:
        >>> unsupported(LSTMCell(8)), unsupported(LSTMCell(8, num_heads=2))
        (None, 'the kernels have one head, not 2')
        >>> unsupported(GRUCell(8, reset="before"))
        'the kernels have the GRU with reset="after" only'
        >>> unsupported(LSTMCell(8), "float16")
        'the kernels compute in float32 or bfloat16, not in float16'
    """
    return _unsupported_cell(cell) or _unsupported_dtype(dtypes)


def other_device(platform: str, capability: str | None) -> str | None:
    """Return why the kernels are not for such a device; ``None`` if they are.

    Example:
        >>> other_device("cpu", None)
        'the kernels are for NVIDIA GPUs, not for cpu'
    """
    if platform != "cuda":
        return f"the kernels are for NVIDIA GPUs, not for {platform}"
    if capability is None:
        return (
            "the kernels use instructions of one compute capability, and that of the "
            f'GPU was not named: name it, capability="{CAPABILITY}" for an H100'
        )
    if capability != CAPABILITY:
        return (
            f"the kernels use instructions of compute capability {CAPABILITY} (H100, "
            f"H200), this GPU has {capability}"
        )
    return None


def _unsupported_cell(cell: Cell) -> str | None:
    if type(cell) not in (LSTMCell, GRUCell, SLSTMCell):
        name = type(cell).__name__
        return f"the kernels have LSTMCell, GRUCell and SLSTMCell, not {name}"
    if isinstance(cell, GRUCell) and cell.reset != "after":
        return 'the kernels have the GRU with reset="after" only'
    if cell.num_heads != 1:
        return f"the kernels have one head, not {cell.num_heads}"
    if isinstance(cell, LSTMCell) and cell.cell_clip is not None:
        return "the kernels do not clip the cell state"
    if (name := set_on(cell)) is not None:
        return f"the kernels would not see the {name} that was set on it"
    for field, wanted in ACTIVATIONS.items():
        given = getattr(cell, field, wanted)
        if given != wanted:
            return f"the kernels have {field}={wanted!r}, not {given!r}"
    return None


def _unsupported_dtype(dtypes: tuple[DType, ...]) -> str | None:
    names = [jnp.dtype(dtype).name for dtype in dtypes]
    if names and names[0] not in ("float32", "bfloat16"):
        return f"the kernels compute in float32 or bfloat16, not in {names[0]}"
    others = [name for name in names[1:] if name != "float32"]
    if others:
        return f"the kernels keep the carry in float32, not in {others[0]}"
    return None
