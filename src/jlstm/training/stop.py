"""A signal that asks a run to end: the running step ends, then a checkpoint is kept."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

from jlstm.training import processes

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
"""Ctrl-C, and what schedulers, terminals and service managers send."""
SAME_SECONDS = 1.0
"""A process and its group are often signalled together: that is one request."""


class Stopped(KeyboardInterrupt):
    """A run ended because a signal asked for it; what was trained is kept.

    Attributes:
        signal: its number.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.signal = number


class StopRequest:
    """Notes in a block that a signal asked for the end, instead of ending at once.

    A second signal of the same kind, a second later or more, raises :class:`Stopped`
    at once. Signals that are ignored stay ignored, as under ``nohup``, and handlers
    that other code put in place stay, unless they say ``gives_way = True``. Outside the
    main thread, where Python hands no signals over, nothing is changed. At the end
    the handlers are again what they were.

    Where several processes train together they must end after the same step. There
    JAX sees SIGTERM, in whichever process, and tells all; any other signal is handed on
    to it as SIGTERM, and nothing ends at once.

    Args:
        shared: whether this is one of several processes.

    Attributes:
        asked: number of the signal that came, None before.

    Example:
        >>> with StopRequest() as stop:
        ...     signal.raise_signal(signal.SIGTERM)
        ...     print(stop.asked == signal.SIGTERM)
        True
    """

    def __init__(self, shared: bool = False) -> None:
        self.shared = shared
        self.asked: int | None = None
        self._since = 0.0
        self._at_once = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "StopRequest":
        if threading.current_thread() is threading.main_thread():
            for number in filter(_is_free, self._heard()):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def comes_after(self, step: int) -> bool:
        """Say whether the end comes after a step: the same in all processes."""
        if self.shared and processes.asked_to_stop(step):
            self.asked = signal.SIGTERM
        return self.asked is not None

    def check(self) -> None:
        """Raise :class:`Stopped` if a signal came."""
        if self.asked is not None:
            raise Stopped(self.asked)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """In the block, which changes nothing that must be kept, do not wait."""
        self._at_once = True
        try:
            self.check()
            yield
        finally:
            self._at_once = False
        self.check()

    def _heard(self) -> list[int]:
        return [n for n in numbers() if not (self.shared and n == signal.SIGTERM)]

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.shared:
            os.kill(os.getpid(), signal.SIGTERM)
            return
        now = time.monotonic()
        again = self.asked == number and now - self._since >= SAME_SECONDS
        if self.asked is None:
            self.asked, self._since = number, now
        if again or self._at_once:
            raise Stopped(number)


def numbers() -> list[int]:
    """Return the signals that ask for an end, as far as this system has them."""
    return [getattr(signal, name) for name in NAMES if hasattr(signal, name)]


def _is_free(number: int) -> bool:
    """Whether the handler is the one a process starts with, or may be replaced."""
    handler = signal.getsignal(number)
    default = handler in (signal.SIG_DFL, signal.default_int_handler)
    return default or getattr(handler, "gives_way", False)
