"""Checkpoints of a run: saved whole or not at all; the newest few and the best kept.

A checkpoint is a folder ``step_4500.12`` or ``best_4500.13``: the kind, the step, and
the number of the save; :mod:`jlstm.training.stored` says what is in it. It is written
under another name and renamed when it is complete and on the disk, so that a process
killed at any moment leaves complete checkpoints and at most one folder
``unfinished_…``, which is ignored, and removed by the next save.

Of two checkpoints the newer is the one saved later, not the one of the higher step:
after a return to an earlier step, what was saved beyond it is history. A damaged
checkpoint is noticed when it is read, and the newest whole one takes its place. One
process writes; where several train together, the first one writes what all have, in
the same form, so that any number of processes and devices can go on from it.
"""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
from jaxtyping import PyTree

from jlstm._internal.files import sync
from jlstm.training import processes
from jlstm.training.stored import (
    CheckpointError,
    pack,
    read_arrays,
    read_checkpoint,
    write_checkpoint,
)

T = TypeVar("T")

UNFINISHED = "unfinished_"
NAME = re.compile(r"(step|best)_([0-9]+)\.([0-9]+)")
Which = int | Literal["latest", "best"]


class Saved(NamedTuple):
    """One complete checkpoint on the disk."""

    serial: int
    kind: str
    step: int

    @property
    def name(self) -> str:
        """Name of its folder."""
        return f"{self.kind}_{self.step}.{self.serial}"


class Checkpoints:
    """The checkpoints in one folder.

    Args:
        folder: where they lie; made by the first save, in a folder that exists.
        keep: how many of those of :meth:`save` to keep; the best one is kept besides.
        say: gets a line where a checkpoint is damaged and another one is read.

    Raises:
        ValueError: ``keep`` is below 1.

    Example:
        >>> import tempfile
        >>> import jax.numpy as jnp
        >>> checkpoints = Checkpoints(Path(tempfile.mkdtemp()))
        >>> checkpoints.save(100, {"w": jnp.arange(3)}, {"epoch": 2})
        >>> checkpoints.restore({"w": jnp.zeros(3, int)}, "latest")
        ({'w': Array([0, 1, 2], dtype=int32)}, {'epoch': 2})
    """

    def __init__(
        self, folder: Path, keep: int = 2, say: Callable[[str], None] = print
    ) -> None:
        if keep < 1:
            raise ValueError(f"keep={keep}: at least 1 checkpoint must be kept.")
        self.folder = Path(folder).absolute()
        self.keep = keep
        self._say = say
        self._unusable: set[Saved] = set()

    def save(self, step: int, state: PyTree, position: dict[str, Any]) -> None:
        """Save ``state`` and ``position``, then remove what ``keep`` newer ones follow.

        On return the checkpoint is on the disk and :meth:`latest` names it. One that
        was found damaged is not counted among the newest, so that no whole one is
        removed for its sake.

        Args:
            step: updates done so far.
            state: a pytree of arrays, typed random keys and Python numbers.
            position: what else it takes to continue, as JSON data: epoch, batch, the
                best value so far, …

        Raises:
            TypeError: ``position`` is not JSON data, or a leaf cannot be stored.
            OSError: the disk is full, or the folder of the run is gone. What was saved
                before is kept.
        """
        self._write("step", step, state, position, self.keep)

    def save_best(self, step: int, state: PyTree, position: dict[str, Any]) -> None:
        """Save as :meth:`save` does and then remove the best one so far.

        A :meth:`save` of the same step must have the same state and position: where one
        of the two is damaged, the other is read.
        """
        self._write("best", step, state, position, 1)

    def latest(self) -> int | None:
        """Return the step of the newest checkpoint of :meth:`save`, or None."""
        saved = self._saved("step")
        return saved[-1].step if saved else None

    def restore(self, template: PyTree, which: Which) -> tuple[PyTree, dict[str, Any]]:
        """Read a checkpoint; every leaf comes back bit for bit.

        Args:
            template: a tree of the same structure, shapes and dtypes as was saved,
                such as a fresh train state. Its values are not read.
            which: the step of one of :meth:`save`; ``"latest"`` for the newest whole
                one of these, else the best one; or ``"best"``.

        Returns:
            The state and the position that were saved.

        Raises:
            FileNotFoundError: there is no such checkpoint.
            CheckpointError: all that could be read are damaged, or differ from the
                template; each is named with its fault. It is a ValueError.
        """
        return self._first_whole(
            which, lambda folder: read_checkpoint(folder, template, self._say)
        )

    def arrays(self, which: Which) -> dict[str, np.ndarray]:
        """Read the arrays of a checkpoint by their paths, whatever they were of.

        Args:
            which: as for :meth:`restore`.

        Raises:
            FileNotFoundError: there is no such checkpoint.
            CheckpointError: all that could be read are damaged.

        Example:
            >>> import tempfile
            >>> checkpoints = Checkpoints(Path(tempfile.mkdtemp()))
            >>> checkpoints.save(100, {"model": {"w": np.arange(3)}}, {})
            >>> checkpoints.arrays("latest")
            {'model/w': array([0, 1, 2])}
        """
        return self._first_whole(which, read_arrays)

    def _first_whole(self, which: Which, read: Callable[[Path], T]) -> T:
        """Return what can be read of the first candidate that is not damaged."""
        found = self._candidates(which)
        if not found:
            raise FileNotFoundError(self._absent(which))
        faults: list[str] = []
        for saved in found:
            try:
                whole = read(self.folder / saved.name)
            except CheckpointError as error:
                self._unusable.add(saved)
                faults.append(str(error))
            else:
                if faults:
                    self._say(f"{' '.join(faults)} {saved.name} is used instead.")
                return whole
        if len(faults) == 1:
            raise CheckpointError(faults[0])
        raise CheckpointError(
            f"No checkpoint in {self.folder} can be used: {' '.join(faults)}"
        )

    def _candidates(self, which: Which) -> list[Saved]:
        """List what may be read, the first choice first."""
        steps, best = self._saved("step")[::-1], self._saved("best")[::-1]
        if which == "latest":
            return steps + best
        if which == "best":
            return best + [s for s in steps if s.step in {b.step for b in best[:1]}]
        return [s for s in steps if s.step == which]

    def _absent(self, which: Which) -> str:
        there = ", ".join(s.name.split(".")[0] for s in self._saved()) or "nothing"
        wanted = f"of step {which}" if isinstance(which, int) else f"{which!r}"
        return f"no checkpoint {wanted} in {self.folder}; there is: {there}."

    def _saved(self, *kinds: str) -> list[Saved]:
        """List complete checkpoints of these kinds, the oldest first."""
        names = os.listdir(self.folder) if self.folder.exists() else []
        matches = [NAME.fullmatch(name) for name in names]
        saved = [Saved(int(m[3]), m[1], int(m[2])) for m in matches if m]
        return sorted(s for s in saved if s.kind in (kinds or ("step", "best")))

    def _write(
        self, kind: str, step: int, state: PyTree, position: dict[str, Any], keep: int
    ) -> None:
        serial = 1 + max((s.serial for s in self._saved()), default=0)
        name = processes.agree(Saved(serial, kind, step).name)
        staging = Path(processes.agree(str(self.folder / (UNFINISHED + name))))
        packed = pack(name, state, position)
        if processes.is_first():
            self._make_folder()
        try:
            write_checkpoint(staging, packed)
        except BaseException:
            # Room for other files, where the disk is full.
            shutil.rmtree(staging, ignore_errors=True)
            raise
        if processes.is_first():
            staging.rename(self.folder / name)
            sync(self.folder)
            self._remove_old(kind, keep)
        processes.meet(name)

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(exist_ok=True)
        except FileNotFoundError:
            raise FileNotFoundError(
                f"{self.folder.parent} is gone, nothing can be saved there."
            ) from None
        sync(self.folder.parent)
        for left in self.folder.glob(UNFINISHED + "*"):
            _remove(left)

    def _remove_old(self, kind: str, keep: int) -> None:
        """Remove what is older than the newest ``keep`` that are not known as bad."""
        saved = self._saved(kind)
        kept = [s for s in saved if s not in self._unusable][-keep:]
        if len(kept) < keep:
            return
        for old in saved:
            if old < kept[0]:
                # Renamed first: what is half removed must not look complete.
                doomed = self.folder / (UNFINISHED + old.name)
                (self.folder / old.name).rename(doomed)
                _remove(doomed)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
