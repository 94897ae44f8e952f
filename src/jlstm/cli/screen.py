"""A screen that may go away, or not know a sign, without ending what runs."""

import io
import os
import sys
from typing import Any


def forgive() -> None:
    """Make output go on where its reader ends, as in ``| head``, or has no sign for it.

    A run of hours is not lost for a closed pipe or a full disk below a log: its
    numbers are in its folder. What the encoding of the screen lacks becomes ``?``.
    """
    sys.stdout, sys.stderr = _forgiving(sys.stdout), _forgiving(sys.stderr)


def check_arrived() -> bool:
    """Return whether what is printed is still read, for commands whose work it is.

    Raises:
        OSError: it could not be written, for example to a full disk.
    """
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    lost = raw.lost if isinstance(raw, _Forgiving) else None
    if lost is not None and not isinstance(lost, BrokenPipeError):
        raise lost
    return lost is None


class _Forgiving(io.RawIOBase):
    """A file descriptor; what cannot be written there any more is dropped."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.lost: OSError | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            self.lost = error
            return len(data)

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)


def _forgiving(stream: Any) -> Any:
    """Return a stream on the same descriptor, or what swallows all where none is."""
    try:
        stream.flush()
        raw = _Forgiving(stream.fileno())
    except (AttributeError, OSError, ValueError):  # closed, or not there at all
        return open(os.devnull, "w", encoding="utf-8")
    return io.TextIOWrapper(
        io.BufferedWriter(raw), stream.encoding, "replace", line_buffering=True
    )
