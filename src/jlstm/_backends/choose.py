"""Which backend runs, and why: a rule in the open, made from measurements.

That a backend cannot run a cell is for the backend to say; what pays is decided here.
The rule reads the cell, the platform, and the shape and dtype of the input; never what
the caller is going to do with the result. ``docs/design/007-auto.md`` has the numbers
that it is made from.
"""

import functools
import math
from typing import Any, Literal, NamedTuple, TypeAlias

import jax

from jlstm._backends.call import Backend, CallTypes
from jlstm._backends.cudnn import CUDNN
from jlstm._backends.fused import FUSED
from jlstm._backends.native.available import too_small
from jlstm._backends.native.backend import NATIVE
from jlstm._backends.pallas.backend import PALLAS
from jlstm._backends.parallel import PARALLEL, most_steps
from jlstm._backends.scan import SCAN
from jlstm._internal.overrides import beyond_run, own_step
from jlstm.cell import Cell, GatedCell, ParallelCell
from jlstm.cells.gru import GRUCell
from jlstm.cells.indrnn import IndRNNCell
from jlstm.cells.layernorm import LayerNormGRUCell, LayerNormLSTMCell
from jlstm.cells.mgu import MGUCell
from jlstm.cells.mogrifier import MogrifierLSTMCell
from jlstm.wrappers.wrapper import CellWrapper

BACKENDS = (SCAN, FUSED, NATIVE, PARALLEL, CUDNN, PALLAS)
"""All that can be asked for by name."""
BackendName: TypeAlias = Literal[
    "auto", "scan", "fused", "native", "parallel", "cudnn", "pallas"
]
"""Their names once more, as type checkers read only what is spelled out."""
NAMES = ("auto", *(backend.name for backend in BACKENDS))
SLOW_GATES = (LayerNormLSTMCell, LayerNormGRUCell, MogrifierLSTMCell, IndRNNCell)
"""The fused loop computes gates twice: these hold norms or products of their own, or
there is no recurrent product next to which they would be cheap."""
FEWEST_STEPS = 4
"""Where fewer fit into a cache, each is so large that nothing is won."""
MOST_OF_LINEAR = 4096
"""With more numbers in a step, a linear cell is as fast many steps at once."""
ANY_CELL = "the reference loop, which runs every cell"


class BackendChoice(NamedTuple):
    """The backend that runs and the reason for it."""

    backend: str
    reason: str

    def __str__(self) -> str:
        return f"{self.backend}: {self.reason}"


def choose(
    cell: Cell, name: BackendName = "auto", types: CallTypes | None = None
) -> BackendChoice:
    """Return the backend that :func:`jlstm.unroll` uses for ``cell``.

    Without ``types`` the answer is for a long sequence in float32.

    Raises:
        ValueError: there is no backend of this name, or it cannot run ``cell``.

    Example:
        >>> from jlstm.cells import RNNCell
        >>> print(choose(RNNCell(8), "scan"))
        scan: asked for
    """
    if name not in NAMES:
        raise ValueError(
            f"There is no backend {name!r} for {cell!r}; "
            f"choose one of {', '.join(NAMES)}."
        )
    types = CallTypes() if types is None else types
    if name == "auto":
        return automatic(cell, types)
    backend = named(name)
    if (reason := backend.unsupported(cell, types)) is not None:
        raise ValueError(
            f'The {name} backend cannot run {cell!r}: {reason}. Use backend="scan".'
        )
    return BackendChoice(name, "asked for" + _where_split(backend, types))


def named(name: str) -> Backend:
    """Return the backend of a name that there is."""
    return next(backend for backend in BACKENDS if backend.name == name)


def automatic(cell: Cell, types: CallTypes) -> BackendChoice:
    """Return what runs ``cell`` best here, as far as that was measured."""
    reason = too_small(types.steps, *types.batch) or _named(types) or _split(types)
    reason = reason or _large_parallel(cell, types) or NATIVE.unsupported(cell, types)
    if reason is None:
        fastest = "the kernel made from its equations, the fastest on a CPU"
        return BackendChoice("native", fastest)
    return _without_kernel(cell, types, f"not native, as {reason}")


def _named(types: CallTypes) -> str | None:
    """Return why sizes that are only names keep the kernel away, where some are.

    The kernel has none of them, and JAX writes other equations: it indexes by a gather.
    """
    if all(isinstance(size, int) for size in (types.steps, *types.batch)):
        return None
    return "a size is only a name, as in an exported program, which is JAX's alone"


def _split(types: CallTypes) -> str | None:
    """Return why XLA must see what it splits, where it does."""
    if types.devices == 1:
        return None
    return (
        f"XLA splits the rows over {types.devices} devices: a mesh with explicit axes "
        "or jax.shard_map keeps the kernel"
    )


def _large_parallel(cell: Cell, types: CallTypes) -> str | None:
    """Return why a linear cell runs better many steps at once, where it does."""
    if not isinstance(cell, ParallelCell) or _own_method(cell) is not None:
        return None
    numbers = _numbers(cell, types)
    if not isinstance(numbers, int) or numbers <= MOST_OF_LINEAR:
        return None
    return (
        f"{numbers} numbers in a step of a linear cell are more than {MOST_OF_LINEAR}"
    )


def _without_kernel(cell: Cell, types: CallTypes, why: str) -> BackendChoice:
    """Return what XLA alone runs best."""
    own = _own_method(cell)
    if own is not None:
        return BackendChoice("scan", f"{ANY_CELL}; {own}; {why}")
    if isinstance(cell, ParallelCell):
        reason = why_parallel(cell, types.steps, _numbers(cell, types))
        if reason is not None:
            return BackendChoice("parallel", f"{reason}; {why}")
    if _fuses(cell, types):
        rule = "one rule for the derivative of the whole loop"
        if types.target.platform != "cpu":
            rule += ", the fewest launches by the compiler's account, not run"
        return BackendChoice("fused", f"{rule}; {why}")
    return BackendChoice("scan", f"{ANY_CELL}; {why}")


def why_parallel(cell: ParallelCell, steps: int, numbers: int) -> str | None:
    """Return why many steps at once are better than the loop; None where they are not.

    Args:
        cell: what happens in a step.
        steps: how many; one that is only a name, as in an exported program, is many.
        numbers: in the output of a step, over all rows; a name stands for few.

    The measurements that the rule is made from, of a CPU, are in
    ``docs/design/006-linear-cells.md``.

    Example:
        >>> from jlstm import MinGRUCell
        >>> cell = MinGRUCell(64)
        >>> why_parallel(cell, steps=1000, numbers=8 * 64)
        'what no carry enters is computed for many steps at once'
        >>> why_parallel(cell, steps=1, numbers=8 * 64)
        >>> why_parallel(cell, steps=1000, numbers=1024 * 64)
    """
    single = isinstance(steps, int) and steps < 2
    if single or most_steps(cell, numbers) < FEWEST_STEPS:
        return None
    return "what no carry enters is computed for many steps at once"


def has_slow_gates(cell: Cell) -> bool:
    """Return whether the fused loop was the slower one with gradients, on a CPU.

    A wrapper does not change that.

    Example:
        >>> from jlstm import RecurrentDropout
        >>> has_slow_gates(GRUCell(8)), has_slow_gates(GRUCell(8, reset="before"))
        (False, True)
        >>> has_slow_gates(RecurrentDropout(MGUCell(8), 0.5))
        True
    """
    if isinstance(cell, CellWrapper):
        return has_slow_gates(cell.cell)
    if isinstance(cell, GRUCell | MGUCell):
        # The candidate's product waits for the gate.
        return cell.reset == "before"
    return isinstance(cell, SLOW_GATES)


def _where_split(backend: Backend, types: CallTypes) -> str:
    """Return what runs in place of a kernel where XLA must see what it splits."""
    if not backend.opaque or types.devices == 1:
        return ""
    return (
        f"; its formula where XLA splits the rows over {types.devices} devices: use a "
        "mesh with explicit axes or jax.shard_map to keep the kernel"
    )


def _own_method(cell: Cell) -> str | None:
    """Return what of ``cell`` only its steps, one by one, would show."""
    if isinstance(cell, GatedCell):
        return own_step(cell)
    return beyond_run(cell) if isinstance(cell, ParallelCell) else None


def _fuses(cell: Cell, types: CallTypes) -> bool:
    """Return whether the fused backend is the better one, gradients included.

    On a CPU it was the faster one; on accelerators it has fewer launches for every
    cell, as it was compiled for them, not run.
    """
    if FUSED.unsupported(cell, types) is not None or types.steps == 1:
        return False
    return types.target.platform != "cpu" or not has_slow_gates(cell)


def _numbers(cell: Cell, types: CallTypes) -> Any:
    """Return how many numbers a step shows; no int where a size is only a name."""
    return math.prod(types.batch) * _output_size(cell)


@functools.cache
def _output_size(cell: Cell) -> int:
    """Return how many numbers a step shows of one row."""
    return jax.eval_shape(cell.init_carry).h.size
