"""What a user names by its import path: classes and functions of their own."""

import importlib
from collections.abc import Callable
from typing import Any


def import_path(name: str, key: str, form: str) -> Any:
    """Import what a path names.

    Args:
        name: the import path, ``"mymodule.MyCell"``.
        key: that names it, for the message.
        form: what a path looks like, ``"MODULE.CLASS"``.

    Raises:
        ValueError: it cannot be imported.
    """
    module, _, attribute = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (Exception, SystemExit) as error:  # a module may raise whatever it likes
        plain = ImportError | AttributeError | ValueError
        said = str(error) if isinstance(error, plain) else told(error)
        raise ValueError(
            f"{key} is {name}, which cannot be imported ({said}): give {form} "
            "of a module in the folder that you work in, or of an installed package."
        ) from None


def find_function(place: str, key: str, wanted: str) -> Callable[..., Any]:
    """Return a function by its import path.

    Args:
        place: its import path.
        key: that names it, for the message.
        wanted: what it is called with, for the message.

    Raises:
        ValueError: it cannot be imported, or cannot be called.

    Example:
        >>> find_function("math.sqrt", "train.hook", "one that takes a number")(4.0)
        2.0
        >>> find_function("math.root", "train.hook", "one that takes a number")
        Traceback (most recent call last):
        ValueError: train.hook is math.root, which cannot be imported (module 'math' has
        no attribute 'root'): give MODULE.FUNCTION of a module in the folder that you
        work in, or of an installed package.
    """
    found = import_path(place, key, "MODULE.FUNCTION")
    if not callable(found):
        raise ValueError(f"{key} is {place}, which is no function: give {wanted}.")
    return found


def told(error: BaseException) -> str:
    """Return the kind of an error and its text, in one line.

    Example:
        >>> told(KeyError("x"))
        "KeyError: 'x'"
    """
    return " ".join(f"{type(error).__name__}: {error}".split())
