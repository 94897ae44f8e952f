"""Saying what is being waited for, and how long it has taken."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Say = Callable[[str], None]


@contextmanager
def announced(what: str, say: Say, remind: Say, every: float) -> Iterator[None]:
    """Say what begins, how long it has taken now and then, and how long it took.

    Args:
        what: such as ``"compiling"``.
        say: prints a line.
        remind: shows the time so far; called from another thread.
        every: seconds between two reminders.

    Example:
        >>> with announced("compiling", print, print, 60.0):
        ...     pass
        compiling …
        compiling: done in 0.0 s
    """
    begun, ended = time.monotonic(), threading.Event()
    say(f"{what} …")
    thread = threading.Thread(
        target=_remind, args=(what, begun, ended, remind, every), daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    say(f"{what}: done in {time.monotonic() - begun:.1f} s")


def _remind(
    what: str, begun: float, ended: threading.Event, remind: Say, every: float
) -> None:
    while not ended.wait(every):
        remind(f"{what}: {time.monotonic() - begun:.0f} s so far")
