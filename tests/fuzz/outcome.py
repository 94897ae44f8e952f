"""Whether what a reader made of an input is right: values, or one line of ours."""

import linecache
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jlstm
from tests.fuzz.guard import OutOfTime
from tests.fuzz.reader import REFUSED

PACKAGE = str(Path(jlstm.__file__).parent)
KINDS = ValueError, OSError, TypeError, NotImplementedError


def outcome(read: Callable[[Any], object], source: Any) -> tuple[str, str]:
    """Return ``read``, ``refused``, ``slow`` or ``fault``, and what was said."""
    try:
        said = read(source)
    except OutOfTime as error:
        return "slow", place(error)
    except Exception as error:
        told = f"{type(error).__name__}: {str(error)[:300]} [{place(error)}]"
        return (REFUSED if is_ours(error) else "fault"), told
    return (REFUSED if isinstance(said, str) and said == REFUSED else "read"), ""


def is_ours(error: BaseException) -> bool:
    """Whether a ``raise`` of jlstm ended a read, with one line.

    An OSError may come from the system, if jlstm called it: it names path and reason.
    """
    said = str(error)
    if not isinstance(error, KINDS) or not said.strip() or len(said.splitlines()) > 1:
        return False
    frame = traceback.extract_tb(error.__traceback__)[-1]
    line = linecache.getline(frame.filename, frame.lineno or 0).strip()
    raised = line.startswith("raise") or isinstance(error, OSError)
    return raised and frame.filename.startswith(PACKAGE)


def place(error: BaseException) -> str:
    """Return the innermost line, and the innermost one of jlstm."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith(PACKAGE)]
    lines = [f"{Path(f.filename).name}:{f.lineno}" for f in (*own[-1:], *frames[-1:])]
    return " ".join(dict.fromkeys(lines))
