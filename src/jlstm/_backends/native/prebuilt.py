"""Libraries that came compiled with the package, for machines without a compiler.

A wheel for Linux holds the kernel and the programs of the cells with their default
options, for a few levels of processors (``prebuild.py`` makes them). They are named by
their source, so that a file of another version is never taken for one of this.
"""

import functools
import hashlib
import platform
import sys
from pathlib import Path

FOLDER = Path(__file__).with_name("prebuilt")
V3 = frozenset(["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"])
V4 = V3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
LEVELS = {
    "x86-64-v4": ("x86_64", V4),
    "x86-64-v3": ("x86_64", V3),
    "armv8-a": ("aarch64", frozenset[str]()),
}
"""What a processor must have, by its words in /proc/cpuinfo; the best level first."""


def find(kind: str, source: str) -> Path | None:
    """Return the library that was made from a source for a processor like this one.

    Args:
        kind: ``"kernel"`` or ``"cell"``.
        source: all text that it was made from.
    """
    level = level_here()
    path = FOLDER / str(level) / file_name(kind, source)
    return path if level and path.is_file() else None


def file_name(kind: str, source: str) -> str:
    """Return how the library of a source is called.

    Example:
        >>> file_name("cell", "int f();")
        'cell-9b07f072d3bb4b7a31c7.so'
    """
    return f"{kind}-{hashlib.sha256(source.encode()).hexdigest()[:20]}.so"


@functools.cache
def level_here() -> str | None:
    """Return the best level of this processor; ``None`` if there are no libraries."""
    if sys.platform != "linux":
        return None
    info = Path("/proc/cpuinfo")
    words = info.read_text("utf-8") if info.is_file() else ""
    return level_of(platform.machine(), words)


def level_of(machine: str, cpuinfo: str) -> str | None:
    """Return the best level of a machine by what the system says of its processor.

    Example:
        >>> level_of("x86_64", "flags : sse2 avx"), level_of("aarch64", "")
        (None, 'armv8-a')
    """
    first = cpuinfo.split("\n\n")[0]
    has = set(first.split())
    fitting = (
        name
        for name, (family, needed) in LEVELS.items()
        if family == machine and needed <= has
    )
    return next(fitting, None)
