"""The native backend: a cell on the CPU by a kernel made from its own equations."""

from jlstm._backends.call import Backend, CallTypes
from jlstm._backends.native.available import (
    program_failure,
    unsupported_cell,
    unsupported_types,
)
from jlstm._backends.native.generated import run_generated
from jlstm.cell import Cell


def _unsupported(cell: Cell, types: CallTypes) -> str | None:
    reason = unsupported_types(types.target.platform, *types.dtypes)
    reason = reason or unsupported_cell(cell, types.features, *types.dtypes)
    return reason or program_failure(cell, types.features, *types.dtypes)


NATIVE = Backend("native", _unsupported, run_generated, opaque=True)
