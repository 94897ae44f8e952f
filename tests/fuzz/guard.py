"""What no reader may do, seen by an audit hook of Python; limits of time and memory."""

import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SECONDS = 10.0
MEMORY = 4 << 30
"""Bytes that a process may take beyond what its imports took."""
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {
    "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link",
    "os.truncate", "os.chmod", "os.chown", "os.utime",
}  # fmt: skip
RUNS = {
    "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn",
    "subprocess.Popen", "pickle.find_class", "socket.connect", "socket.bind",
    "shutil.unpack_archive", "webbrowser.open", "pty.spawn",
}  # fmt: skip


class OutOfTime(BaseException):
    """An input took longer than one may; no reader can catch it by accident."""


class Guard:
    """Notes what is done outside a folder, and what is run.

    Attributes:
        seen: what was done since the last input.
    """

    def __init__(self, folder: Path) -> None:
        self.seen: list[str] = []
        self._folder = os.path.realpath(folder)
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in RUNS:
            self.seen.append(f"{event} {arguments[:2]!r}"[:200])
        elif event in CHANGES or (event == "open" and _writes(*arguments)):
            self._check(event, arguments[0])

    def _check(self, event: str, path: Any) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return
        place = os.path.realpath(os.fsdecode(path))
        if not place.startswith((self._folder, "/dev/null")):
            self.seen.append(f"{event} {place}"[:200])


def _writes(path: Any, mode: Any, flags: Any, *_: Any) -> bool:
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return bool((flags or 0) & WRITES)


@contextmanager
def in_time(seconds: float = SECONDS) -> Iterator[None]:
    """Raise OutOfTime in a body that takes longer."""

    def late(*_: Any) -> None:
        raise OutOfTime

    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def limit_memory() -> None:
    """Let an array that is larger than any file here explains be a MemoryError."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
