"""One process at a time in the folder of a run."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
"""What file systems without locks answer."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder; the lock ends with the process, however that ends.

    Where the file system has no locks (some network file systems), nothing is locked:
    a file in place of the lock would outlive a process that is killed.

    Raises:
        ValueError: another process holds it.
    """
    lock = FileLock(folder / ".lock", blocking=False, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout:
        raise ValueError(
            f"{folder} is in use: a run is going on there. Wait for its end, or "
            "start a new run."
        ) from None
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
    try:
        yield
    finally:
        lock.release()


def in_use(folder: Path) -> bool:
    """Say whether another process holds the folder."""
    try:
        with locked(folder):
            return False
    except ValueError:
        return True
