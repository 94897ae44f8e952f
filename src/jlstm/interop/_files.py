"""A file that is no model file is refused by what it is, in words of our own."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LFS = b"version https://git-lfs.github.com/spec/"


def read_model(kind: str, path: str | Path, read: Callable[[Path], Any]) -> Any:
    """Return what ``read`` makes of a file of some ``kind``.

    Raises:
        TypeError: ``path`` is no path.
        FileNotFoundError: nothing is at ``path``.
        ValueError: it is a folder, empty, a pointer of git-lfs, or no such file.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        ...     read_model("ONNX", file.name, Path.read_bytes)
        Traceback (most recent call last):
        ...
        ValueError: ....onnx is empty: give a whole ONNX file.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path is {path!r}; give the path of a {kind} file.")
    path = Path(path)
    _check_file(kind, path)
    try:
        return read(path)
    except Exception as error:  # each library has errors of its own
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(
            f"{path} is no {kind} file, or it is cut off or damaged ({reason}): give a "
            f"whole {kind} file."
        ) from error


@contextmanager
def as_described(what: str) -> Iterator[None]:
    """Say of what is no such thing at all that it is none.

    Plain data of another library is deep. Its parts that are lists where mappings
    should be, and the like, are found where they are used.

    Raises:
        ValueError: the body met a part of another kind.

    Example:
        >>> with as_described("The layer is not what Keras gives"):
        ...     None.keys()
        Traceback (most recent call last):
        ...
        ValueError: The layer is not what Keras gives ('NoneType' object has no
        attribute 'keys'): give it as it came.
    """
    try:
        yield
    except (AttributeError, LookupError, ArithmeticError) as error:
        raise ValueError(f"{what} ({_reason(error)}): give it as it came.") from error


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _check_file(kind: str, path: Path) -> None:
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}: give the path of one.")
    if not path.is_file():
        raise ValueError(f"{path} is no file: give the path of one {kind} file.")
    with path.open("rb") as file:
        start = file.read(len(LFS))
    if not start:
        raise ValueError(f"{path} is empty: give a whole {kind} file.")
    if start == LFS:
        raise ValueError(
            f"{path} is a pointer of git-lfs, not the file: fetch it by git lfs pull."
        )
