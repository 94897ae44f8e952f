"""A limit on the memory of a process, by a cgroup, and what it had in use at most."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

V1, V2 = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")


@contextmanager
def limited(size: int) -> Iterator[Path]:
    """Make a cgroup for ``size`` bytes, the page cache of its processes included.

    Raises:
        OSError: this user may not make one.
    """
    root, name = (V1, "memory.limit_in_bytes") if V1.is_dir() else (V2, "memory.max")
    group = root / f"jlstm-{os.getpid()}"
    group.mkdir()
    try:
        (group / name).write_text(str(size))
        yield group
    finally:
        group.rmdir()


def enter(group: Path) -> None:
    """Put this process into a cgroup; all that it reads from now on counts."""
    (group / "cgroup.procs").write_text(str(os.getpid()))


def most(group: Path) -> int:
    """Return the most bytes that a cgroup had, the page cache included."""
    name = "memory.max_usage_in_bytes" if V1.is_dir() else "memory.peak"
    return int((group / name).read_text())


def forget(folder: Path) -> None:
    """Drop files from the page cache: whoever reads them next is charged for them."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
