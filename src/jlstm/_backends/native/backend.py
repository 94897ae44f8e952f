"""The native backend: a cell on the CPU by a kernel made from its own equations."""

import warnings

from jaxtyping import Array

from jlstm._backends.call import Backend, Call, CallTypes
from jlstm._backends.native.available import (
    program_failure,
    unsupported_cell,
    unsupported_types,
)
from jlstm._backends.native.equations.unsupported import UnsupportedError
from jlstm._backends.native.generated import run_generated
from jlstm._backends.scan import SCAN
from jlstm._internal.types import Carry
from jlstm.cell import Cell


def _unsupported(cell: Cell, types: CallTypes) -> str | None:
    reason = unsupported_types(types.platform, *types.dtypes)
    reason = reason or unsupported_cell(cell, types.features)
    return reason or program_failure(cell, types.features)


def _run(call: Call) -> tuple[Carry, Array]:
    """Run the kernel, or the scan if parameters are not those that the cell makes."""
    try:
        return run_generated(call)
    except UnsupportedError as error:
        warnings.warn(f"{call.cell!r} runs by the scan: {error}", stacklevel=2)
        return SCAN.run(call)


NATIVE = Backend("native", _unsupported, _run, opaque=True)
