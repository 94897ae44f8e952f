"""Which backend runs, and why: the choice is a rule, never a hidden fallback."""

from typing import Literal

from jlstm.backends.auto import Choice, Given, automatic, unfused, unparallel, whole
from jlstm.backends.cudnn import cudnn
from jlstm.backends.cudnn import unavailable as no_cudnn
from jlstm.backends.fused import fused
from jlstm.backends.native import native
from jlstm.backends.pallas import pallas
from jlstm.backends.parallel import parallel
from jlstm.backends.scan import scan
from jlstm.cell import Cell
from jlstm.native import unavailable
from jlstm.pallas.available import unavailable as no_pallas

Backend = Literal["auto", "scan", "fused", "native", "cudnn", "pallas", "parallel"]
BACKENDS = ("auto", "scan", "fused", "native", "cudnn", "pallas", "parallel")
RUN = {
    "scan": scan,
    "fused": fused,
    "native": native,
    "cudnn": cudnn,
    "pallas": pallas,
    "parallel": parallel,
}


LONG = Given()


def choose(cell: Cell, backend: Backend = "auto", given: Given = LONG) -> Choice:
    """Return the backend that :func:`jlstm.unroll` uses for ``cell``.

    Raises:
        ValueError: there is no backend of this name, or it cannot run ``cell``.

    Example:
        >>> from jlstm.cells import RNNCell
        >>> print(choose(RNNCell(8), "scan"))
        scan: asked for
    """
    if backend not in BACKENDS:
        raise ValueError(
            f"There is no backend {backend!r} for {cell!r}; "
            f"choose one of {', '.join(BACKENDS)}."
        )
    if backend == "auto":
        return automatic(cell, given)
    reason = _refusal(cell, backend, given)
    if reason is not None:
        raise ValueError(
            f'The {backend} backend cannot run {cell!r}: {reason}. Use backend="scan".'
        )
    return Choice(backend, "asked for" + (whole(given) if backend == "native" else ""))


def _refusal(cell: Cell, backend: str, given: Given) -> str | None:
    if backend == "fused":
        return unfused(cell)
    if backend == "native":
        return unavailable(cell, *given.dtypes)
    if backend == "cudnn":
        return no_cudnn(cell, *given.dtypes)
    if backend == "pallas":
        return no_pallas(cell, *given.dtypes)
    return unparallel(cell) if backend == "parallel" else None
