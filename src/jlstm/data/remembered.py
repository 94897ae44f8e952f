"""What was found by reading all of a large file, kept until the file changes."""

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

LARGE = 1 << 26
"""A smaller file, of bytes, is read each time: it takes no time to speak of."""
SETTLED_SECONDS = 2.0
"""A file that has just changed may change again without a later time of change."""


def remembered(path: Path, note: Path, find: Callable[[], str]) -> str:
    """Return what ``find`` says of a file, which it is asked once for each state of it.

    A state is the size and the time of the last change. What was found stands in a
    small file; where that cannot be written, it is found again the next time.

    Args:
        path: the file.
        note: where to keep what was found.
        find: reads the file, and may take minutes.
    """
    status = path.stat()
    if status.st_size < LARGE:
        return find()
    state = [str(path.absolute()), status.st_size, status.st_mtime_ns]
    known = _read(note)
    if known.get("state") == state and isinstance(known.get("found"), str):
        return known["found"]
    found = find()
    if time.time() - status.st_mtime > SETTLED_SECONDS:
        _write(note, {"state": state, "found": found})
    return found


def _read(note: Path) -> dict:
    try:
        known = json.loads(note.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write(note: Path, known: dict) -> None:
    partial = note.with_name(f"{note.name}.{os.getpid()}.partial")
    with suppress(OSError):
        note.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(known), "utf-8")
        partial.replace(note)
