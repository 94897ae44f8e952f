"""Streams that are open, each with what its model knows so far."""

import secrets
import threading
from collections.abc import Callable
from typing import Any

from cachetools import TTLCache

from jlstm.cli.serving.worker import BusyError
from jlstm.training.stream import Stream


class NoSessionError(LookupError):
    """There is no such session, perhaps any more."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no session {name!r}, or it was idle too long.")


class Sessions:
    """Streams by their names; one that is not used for some time is closed.

    Args:
        begin: a new stream.
        most: how many may be open.
        idle: seconds until one is closed.
    """

    def __init__(self, begin: Callable[[], Stream], most: int, idle: float) -> None:
        self._begin = begin
        # One more than may be open: a full cache drops an entry, and none is dropped.
        self._open: TTLCache[str, Stream] = TTLCache(most + 1, idle)
        self._most = most
        self._lock = threading.Lock()  # a stream reads on in a thread of its own

    def __len__(self) -> int:
        with self._lock:
            self._open.expire()
            return len(self._open)

    def open(self) -> str:
        """Return the name of a new stream, which nobody can guess.

        Raises:
            BusyError: as many are open as may.
        """
        if len(self) >= self._most:
            raise BusyError(
                f"{self._most} sessions are open: close one, or come again later."
            )
        name, stream = secrets.token_urlsafe(16), self._begin()
        with self._lock:
            self._open[name] = stream
        return name

    def feed(self, name: str, source: Any) -> dict[str, Any]:
        """Let a stream read on.

        Raises:
            NoSessionError: there is no such stream, perhaps any more.
            ValueError, TypeError: the input does not fit; nothing was read.
        """
        with self._lock:
            stream = self._found(name)
            self._open[name] = stream  # from now on, it is idle
        return stream.feed(source)

    def close(self, name: str) -> None:
        """Forget a stream.

        Raises:
            NoSessionError: there is no such stream, perhaps any more.
        """
        with self._lock:
            self._found(name)
            del self._open[name]

    def _found(self, name: str) -> Stream:
        try:
            return self._open[name]
        except KeyError:
            raise NoSessionError(name) from None
