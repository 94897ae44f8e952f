"""The log of a run: one JSON line a record, and the same numbers for TensorBoard."""

import math
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from jlstm._internal.files import write_atomically
from jlstm.training.numbers import from_json, to_json

METRICS = "metrics.jsonl"
Value = int | float | str | list[float]


class RunLog:
    """Appends records to ``metrics.jsonl`` and to TensorBoard event files in a folder.

    Without tensorboardX a line on the screen says so, and the JSON lines are written.

    Args:
        folder: where the files go; made if it is missing.
        resume_step: the step that a run continues from. Records of later steps are
            dropped, so that the finished log equals that of an uninterrupted run.
        openers: of those who get the same records.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with RunLog(folder) as log:
        ...     log.write("train", 100, loss=5.25)
        >>> read_metrics(folder)
        [{'kind': 'train', 'step': 100, 'loss': 5.25}]
    """

    def __init__(
        self,
        folder: Path,
        resume_step: int | None = None,
        openers: Sequence[Callable[[Path, int | None], Any]] = (),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / METRICS
        if resume_step is not None and path.exists():
            _keep_until(path, resume_step)
        self._file = path.open("a", encoding="utf-8")
        self._events = _open_events(folder / "tensorboard", resume_step)
        self._listeners = [open_(folder, resume_step) for open_ in openers]

    def write(self, kind: str, step: int, **numbers: Value) -> None:
        """Append one record; it is in the file when this returns.

        Args:
            kind: what was measured: ``"train"``, ``"valid"``, …
            step: updates done so far.
            **numbers: what was measured, by name; strings and lists of numbers go to
                the JSON line only.

        Raises:
            TypeError: a value is none of these.
        """
        for name, value in numbers.items():
            if not isinstance(value, int | float | str | list):
                raise TypeError(
                    f"{kind} {name} is a {type(value).__name__}; "
                    f"give a Python number, as in float({name})."
                )
        record = {"kind": kind, "step": step, **numbers}
        self._file.write(to_json(record) + "\n")
        self._file.flush()
        if self._events is not None:
            for name, value in numbers.items():
                if isinstance(value, int | float) and math.isfinite(value):
                    self._events.add_scalar(f"{kind}/{name}", value, step)
        for listener in self._listeners:
            listener.write(kind, step, numbers)

    def rewind(self, step: int) -> None:
        """Drop the records of later steps, as a run does that resumes at a step."""
        self._file.close()
        path = Path(self._file.name)
        _keep_until(path, step)
        self._file = path.open("a", encoding="utf-8")

    def sync(self) -> None:
        """Have all records reach the disk, so that no checkpoint is ahead of them."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Write out what TensorBoard has not got yet and close the files."""
        self._file.close()
        if self._events is not None:
            self._events.close()
        for listener in self._listeners:
            listener.close()

    def __enter__(self) -> "RunLog":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """Return all records of a run; a last line that was cut off by a kill is left out.

    Raises:
        FileNotFoundError: the folder holds no log.
        ValueError: a line other than the last one is not JSON.
    """
    path = folder / METRICS
    if not path.exists():
        raise FileNotFoundError(f"{folder} holds no {METRICS}; give a run's folder.")
    return [record for _, record in _records(path)]


def _records(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every complete line and what it says."""
    for number, line in enumerate(_lines(path), 1):
        record = _record(line)
        if record is None:
            raise ValueError(f"{path}, line {number} is not JSON.")
        yield line, record


def _lines(path: Path) -> list[str]:
    """Return the lines that were written to their end."""
    text = path.read_bytes().decode(errors="replace")
    return [line + "\n" for line in text.split("\n")[:-1]]


def _record(line: str) -> dict[str, Any] | None:
    """Return what a line says, None where it is damaged."""
    try:
        record = from_json(line)
    except (ValueError, RecursionError):
        return None
    whole = isinstance(record, dict) and isinstance(record.get("step"), int)
    return record if whole and isinstance(record.get("kind"), str) else None


def _keep_until(path: Path, step: int) -> None:
    """Drop later records, and lines that are damaged; the old file is kept for these.

    The log is what a run has shown so far. Training does not need it, and so goes on.
    """
    read = [(line, _record(line)) for line in _lines(path)]
    damaged = sum(record is None for _, record in read)
    if damaged:
        aside = path.with_suffix(".damaged.jsonl")
        write_atomically(aside, path.read_bytes())
        print(f"{path}: {damaged} damaged lines are left out; see {aside.name}.")
    kept = "".join(line for line, record in read if record and record["step"] <= step)
    write_atomically(path, kept)


def _open_events(folder: Path, resume_step: int | None) -> Any:
    """Open a TensorBoard writer, or return None where tensorboardX is not installed."""
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        print(
            "tensorboardX is not installed, so no TensorBoard events are written: "
            'pip install "jlstm[train]"'
        )
        return None
    # TensorBoard itself hides what an earlier part of the run wrote beyond this step.
    purge_step = None if resume_step is None else resume_step + 1
    return SummaryWriter(str(folder), purge_step=purge_step)
