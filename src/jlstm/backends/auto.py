"""What ``backend="auto"`` picks: a rule in the open, made from measurements.

The rule reads the cell, the platform, and the shape and dtype of the input; never what
the caller is going to do with the result. ``docs/design/007-auto.md`` has the numbers
behind it.
"""

import functools
import math
from typing import Any, NamedTuple

import jax

from jlstm._arrays import dtype_of
from jlstm._mesh import free_devices
from jlstm._overrides import beyond_run, own_step
from jlstm._types import Carry, DType, Shape
from jlstm.backends.parallel import worthwhile
from jlstm.cell import Cell, GatedCell
from jlstm.cells.gru import GRUCell
from jlstm.cells.lstm import LSTMCell
from jlstm.native import few_rows, unavailable
from jlstm.parallel import ParallelCell


class Choice(NamedTuple):
    """The backend that runs and the reason for it."""

    backend: str
    reason: str

    def __str__(self) -> str:
        return f"{self.backend}: {self.reason}"


class Given(NamedTuple):
    """What the rule knows of a call; the default is a long sequence in float32."""

    steps: int = 1000
    batch: Shape = ()
    dtypes: tuple[DType, ...] = ("float32",)
    devices: int = 1

    @classmethod
    def of(cls, cell: Cell, xs: Any, carry: Carry | None = None) -> "Given":
        """Read it off the input and the carry, which may be arrays or their types.

        An array of NumPy counts with the dtype that JAX gives it.
        """
        steps, *batch = xs.shape[: len(xs.shape) - cell.num_feature_axes]
        dtypes = tuple(dtype_of(leaf) for leaf in (xs, *jax.tree.leaves(carry)))
        return cls(steps, tuple(batch), dtypes, free_devices(xs))


def automatic(cell: Cell, given: Given) -> Choice:
    """Return what runs ``cell`` best here, as far as that was measured."""
    if type(cell) in (LSTMCell, GRUCell):
        reason = few_rows(given.steps, *given.batch) or unavailable(cell, *given.dtypes)
        if reason is None:
            reason = "the compiled kernel, the fastest on a CPU"
            return Choice("native", reason + whole(given))
        if _fuses(cell, given):
            return Choice(
                "fused", f"one rule for the derivative; not native, as {reason}"
            )
        return Choice("scan", f"the reference loop; not native, as {reason}")
    own = _overridden(cell)
    if own is not None:
        return Choice("scan", f"the reference loop, which runs every cell; {own}")
    if isinstance(cell, ParallelCell):
        reason = worthwhile(cell, given.steps, math.prod(given.batch) * _size(cell))
        if reason is not None:
            return Choice("parallel", reason)
    if _fuses(cell, given):
        return Choice("fused", "one rule for the derivative of the whole loop")
    return Choice("scan", "the reference loop, which runs every cell")


def whole(given: Given) -> str:
    """Return what runs in place of the kernel where XLA must see what it splits."""
    if given.devices == 1:
        return ""
    return (
        f"; its formula where XLA splits the rows over {given.devices} devices: use a "
        "mesh with explicit axes or jax.shard_map to keep the kernel"
    )


def unfused(cell: Cell) -> str | None:
    """Return why the fused backend cannot run ``cell``; None if it can."""
    if not isinstance(cell, GatedCell):
        return "it is no GatedCell"
    if cell.bends_gradient:
        return "its gradient is not the derivative of its equations"
    return own_step(cell)


def unparallel(cell: Cell) -> str | None:
    """Return why the parallel backend cannot run ``cell``; None if it can."""
    if not isinstance(cell, ParallelCell):
        return "its steps read what the step before has made"
    return beyond_run(cell)


def _overridden(cell: Cell) -> str | None:
    """Return what of ``cell`` only its steps, one by one, would show."""
    if isinstance(cell, GatedCell):
        return own_step(cell)
    return beyond_run(cell) if isinstance(cell, ParallelCell) else None


def _fuses(cell: Cell, given: Given) -> bool:
    """Return whether the fused backend was the faster one, gradients included."""
    return (
        unfused(cell) is None
        and cell.fuses_well
        and given.steps != 1
        and jax.default_backend() == "cpu"
    )


@functools.cache
def _size(cell: Cell) -> int:
    """Return how many numbers a step shows of one row."""
    return jax.eval_shape(cell.init_carry).h.size
