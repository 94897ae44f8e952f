"""What a run uses while it trains: its speed, the wait for data, and memory.

They differ from run to run, so that they have a file of their own: the log of a resumed
run is, bit by bit, that of an uninterrupted one.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import jax

from jlstm.training.ahead import ReadAhead

RESOURCES = "resources.jsonl"


class Resources:
    """Appends speed and memory to ``resources.jsonl`` in a folder.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> used = Resources(folder, "tokens", ReadAhead(depth=0))
        >>> used.note(step=100, units=6400)
        >>> [sorted(record) for record in read_resources(folder)]
        [['kind', 'memory_mb', 'step', 'tokens_per_second', 'wait']]
    """

    def __init__(self, folder: Path, unit: str, ahead: ReadAhead) -> None:
        self._ahead = ahead
        self._path, self._name = folder / RESOURCES, f"{unit}_per_second"
        self._before = time.perf_counter()

    def note(self, step: int, units: int) -> None:
        """Write how fast the units since the last call were, and the memory in use.

        ``wait`` is the share of the time in which the step had to wait for its batch.
        """
        now = time.perf_counter()
        seconds = max(now - self._before, 1e-9)
        record = {
            "kind": "resources",
            "step": step,
            self._name: float(f"{units / seconds:.4g}"),
            "wait": round(min(self._ahead.take_waited() / seconds, 1.0), 4),
        }
        self._before = now
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record | memory()) + "\n")


def memory() -> dict[str, float]:
    """Return the MB in use: of the device, or else the most that the process had."""
    stats = jax.local_devices()[0].memory_stats() or {}
    if "bytes_in_use" in stats:
        return {"device_memory_mb": round(stats["bytes_in_use"] / 1e6, 1)}
    try:
        import resource
    except ImportError:  # on Windows
        return {}
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"memory_mb": round(most / (1e6 if sys.platform == "darwin" else 1e3), 1)}


def read_resources(folder: Path) -> list[dict[str, Any]]:
    """Return what a run noted, without lines that were cut off; [] where nothing was.

    Of a step that was done again, after a kill, the last record counts.
    """
    path = folder / RESOURCES
    if not path.is_file():
        return []
    found = {}
    for line in path.read_text("utf-8", errors="replace").splitlines():
        try:
            record = json.loads(line)
            found[record["step"]] = record
        except (ValueError, TypeError, KeyError):
            continue
    return [found[step] for step in sorted(found)]
