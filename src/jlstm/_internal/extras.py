"""What an extra of jlstm brings, and the line that says so where it is missing."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def brought_by(extra: str) -> Iterator[None]:
    """Say which extra brings the package whose import fails inside the block.

    Raises:
        ModuleNotFoundError: a package is missing; its line says how to install it.

    Example:
        >>> with brought_by("train"):
        ...     import no_such_thing
        Traceback (most recent call last):
        ...
        ModuleNotFoundError: no_such_thing is not installed: pip install "jlstm[train]"
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        raise ModuleNotFoundError(
            f'{package} is not installed: pip install "jlstm[{extra}]"', name=error.name
        ) from None
