"""Signals in the whole life of the launcher: they end it in order, or at once.

Outside of training there is nothing to save, so a signal raises. While a model trains,
``jlstm.training.stop`` takes over. Python runs a handler only between two of its own
instructions, and a program may compile for minutes; so a thread of its own sees that
signals come, answers, and ends the process when one comes for the second time.
"""

import os
import select
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
SAME_SECONDS = 1.0
"""A process and its group are often signalled together: that is one request."""
PATIENCE_SECONDS = 2.0
"""So long a stop may take before a line says that it goes on."""


class Interrupted(KeyboardInterrupt):
    """A signal came while nothing was being trained."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.signal = number


def raise_interrupted(number: int, frame: FrameType | None) -> None:
    """Handle a signal; while a model trains, the trainer does it in its own way."""
    raise Interrupted(number)


raise_interrupted.gives_way = True  # type: ignore[attr-defined]


@contextmanager
def listening() -> Iterator[None]:
    """Turn signals into exceptions in the block; those that are ignored stay so.

    Outside the main thread nothing is done: Python hands no signals over there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {n: signal.getsignal(n) for n in _numbers()}
    ours = [n for n, handler in before.items() if handler is not signal.SIG_IGN]
    for number in ours:
        signal.signal(number, raise_interrupted)
    try:
        with _watched(set(ours)):
            yield
    finally:
        for number in ours:
            signal.signal(number, before[number])


def _numbers() -> list[int]:
    return [getattr(signal, name) for name in NAMES if hasattr(signal, name)]


@contextmanager
def _watched(numbers: set[int]) -> Iterator[None]:
    """Let a thread see each signal as it comes, whatever Python is busy with."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    before = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    thread = threading.Thread(target=_watch, args=(read, numbers), daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(write)
        thread.join()
        os.close(read)


def _watch(read: int, numbers: set[int]) -> None:
    came: dict[int, float] = {}
    told = False
    while True:
        patience = PATIENCE_SECONDS if came and not told else None
        if not select.select([read], [], [], patience)[0]:
            told = True
            _tell(next(iter(came)))
            continue
        byte = os.read(read, 1)
        if not byte:
            return
        number, now = byte[0], time.monotonic()
        if number not in numbers:
            continue
        if now - came.setdefault(number, now) >= SAME_SECONDS:
            os._exit(128 + number)


def _tell(number: int) -> None:
    name = signal.Signals(number).name
    line = f"{name}: the running step ends and is saved; a second {name} ends at once\n"
    with suppress(OSError):
        os.write(2, line.encode())
