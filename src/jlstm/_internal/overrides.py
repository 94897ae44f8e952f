"""What a subclass changes that a backend, written for its base, would not see.

A backend that runs a whole sequence does not call every method of a cell. Where a
subclass, a mixin or an attribute set on one object replaces a method that is not
called, the backend would compute something else: it has to be refused.
"""

import dataclasses
import functools
import inspect
from collections.abc import Iterable

from jlstm.cell import AffineCell, Cell, GatedCell


def own_method(cell: Cell, base: type, names: Iterable[str]) -> str | None:
    """Return the first of ``names`` that ``cell`` does not have from ``base``.

    Example:
        >>> from jlstm import LSTMCell
        >>> own_method(LSTMCell(3), GatedCell, ("step", "recur"))
        'recur'
    """
    names = tuple(names)
    found = _own_method(type(cell), base, names)
    return found or next((name for name in names if name in vars(cell)), None)


def set_on(cell: Cell) -> str | None:
    """Return an attribute that was set on this object and is none of its fields.

    Example:
        >>> from jlstm import LSTMCell
        >>> cell = LSTMCell(3)
        >>> object.__setattr__(cell, "gate", lambda *args: None)
        >>> set_on(cell)
        'gate'
    """
    return next(iter(vars(cell).keys() - _fields(type(cell))), None)


def own_step(cell: GatedCell) -> str | None:
    """Return why a gated cell is more than its two maps and its gates, if it is."""
    own = own_method(cell, GatedCell, ("step",))
    return f"{type(cell).__name__} has its own step" if own else None


def sums_shares(cell: GatedCell) -> bool:
    """Return whether the gates are known to read the sum of the two shares only.

    The class that says so, by naming :class:`~jlstm.cell.AffineCell` among its bases,
    must be the one that has written the gates.
    """
    replaced = vars(cell).keys() & {"project", "recur", "gate"}
    return _sums_shares(type(cell)) and not replaced


def beyond_run(cell: Cell) -> str | None:
    """Return why the ``run`` of a parallel cell is not that of its steps, if it is not.

    It was written for the methods of the class that has it, or of one above.
    """
    writer = _writer(type(cell), "run")
    own = own_method(cell, writer, _called_by_step(writer)) or _own_state(cell)
    if own is None:
        return None
    return f"{type(cell).__name__} has its own {own}, but the run of {writer.__name__}"


def _own_state(cell: Cell) -> str | None:
    """Return which of ``state`` and ``readout`` is replaced.

    Steps read the state back out of what is shown, ``run`` keeps it: a cell whose two
    methods were written for each other gives the same, one that replaces one may not.
    """
    kind = type(cell)
    names = (name for name in ("state", "readout") if hasattr(kind, name))
    return next((n for n in names if n in vars(cell) or _written(kind, n) > 1), None)


@functools.cache
def _written(kind: type, name: str) -> int:
    """Return how many classes have a method of this name that is not abstract."""
    found = (vars(base).get(name) for base in kind.__mro__)
    return sum(
        method is not None and not getattr(method, "__isabstractmethod__", False)
        for method in found
    )


@functools.cache
def _own_method(kind: type, base: type, names: tuple[str, ...]) -> str | None:
    return next(
        (
            name
            for name in names
            if getattr(kind, name) is not getattr(base, name, None)
        ),
        None,
    )


@functools.cache
def _fields(kind: type) -> frozenset[str]:
    return frozenset(field.name for field in dataclasses.fields(kind))


@functools.cache
def _sums_shares(kind: type) -> bool:
    if not issubclass(kind, AffineCell):
        return False
    maps = _own_method(kind, AffineCell, ("project", "recur"))
    return maps is None and AffineCell in _writer(kind, "gate").__bases__


@functools.cache
def _called_by_step(writer: type) -> tuple[str, ...]:
    """Return the methods that ``run`` has a form of its own for."""
    called = {"init", "init_carry", "fresh_carry", "prepare", "project", "run"}
    return tuple(
        name
        for name, method in inspect.getmembers(writer, inspect.isfunction)
        if name not in called
        and not name.startswith("__")
        and not getattr(method, "__isabstractmethod__", False)
    )


def _writer(kind: type, name: str) -> type:
    """Return the class that a method comes from."""
    return next(base for base in kind.__mro__ if name in vars(base))
