"""Classes of one's own, named in a configuration by their import paths."""

from typing import Any, TypeVar

from jlstm._internal.imported import import_path

T = TypeVar("T")


def imported(name: str, what: str, base: type[T], wanted: str) -> type[T]:
    """Import a class.

    Args:
        name: its import path, ``"mymodule.MyCell"``.
        what: the key that names it, such as "cell".
        base: what it must be a subclass of.
        wanted: how to make one, for the message.

    Raises:
        ValueError: it cannot be imported, or is something else.

    Example:
        >>> from jlstm import Cell
        >>> imported("jlstm.layers.Stack", "cell", Cell, "a dataclass below jlstm.Cell")
        Traceback (most recent call last):
        ValueError: cell is jlstm.layers.Stack, which is no cell: give a dataclass below
        jlstm.Cell.
    """
    found: Any = import_path(name, what, "MODULE.CLASS")
    if not (isinstance(found, type) and issubclass(found, base)):
        raise ValueError(f"{what} is {name}, which is no {what}: give {wanted}.")
    return found
