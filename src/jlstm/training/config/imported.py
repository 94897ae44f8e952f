"""Classes of one's own, named in a configuration by their import paths."""

import importlib
from typing import Any, TypeVar

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
    module, _, attribute = name.rpartition(".")
    try:
        found: Any = getattr(importlib.import_module(module), attribute)
    except (Exception, SystemExit) as error:  # a module may raise whatever it likes
        said = str(error) if isinstance(error, ImportError | AttributeError) else (
            f"{type(error).__name__}: {error}"
        )  # fmt: skip
        raise ValueError(
            f"{what} is {name}, which cannot be imported ({said}): give MODULE.CLASS "
            "of a module in the folder that you work in, or of an installed package."
        ) from None
    if not (isinstance(found, type) and issubclass(found, base)):
        raise ValueError(f"{what} is {name}, which is no {what}: give {wanted}.")
    return found
