"""Which backend runs, and why: the choice is a rule, never a hidden fallback."""

from typing import Literal, NamedTuple

from jlstm.cell import Cell

Backend = Literal["auto", "scan"]
BACKENDS = ("auto", "scan")


class Choice(NamedTuple):
    """The backend that runs and the reason for it."""

    backend: str
    reason: str

    def __str__(self) -> str:
        return f"{self.backend}: {self.reason}"


def choose(cell: Cell, backend: Backend = "auto") -> Choice:
    """Return the backend that :func:`jlstm.unroll` uses for ``cell``.

    Raises:
        ValueError: there is no backend of this name.

    Example:
        >>> from jlstm.cells import LSTMCell
        >>> print(choose(LSTMCell(8)))
        scan: the reference loop, which runs every cell
    """
    if backend not in BACKENDS:
        raise ValueError(
            f"There is no backend {backend!r} for {cell!r}; "
            f"choose one of {', '.join(BACKENDS)}."
        )
    asked = (
        "asked for"
        if backend == "scan"
        else "the reference loop, which runs every cell"
    )
    return Choice("scan", asked)
