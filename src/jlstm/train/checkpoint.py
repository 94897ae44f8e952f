"""Checkpoints of a run: saved whole or not at all; the newest few and the best kept.

A checkpoint is a folder ``step_4500.12`` or ``best_4500.13``: the kind, the step, and
the number of the save. It holds the arrays (``state``, written by Orbax) and
``position.json``. It is written under another name and renamed when it is complete, so
that a process killed at any moment leaves complete checkpoints and at most one folder
``unfinished_…``, which is ignored, and removed by the next save.

Of two checkpoints the newer is the one saved later, not the one of the higher step:
after a return to an earlier step, what was saved beyond it is history. One process
writes.
"""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import PyTree
from orbax.checkpoint import v1 as ocp

from jlstm.train.leaves import (
    LeafSpec,
    first_difference,
    leaf_specs,
    leaves_from_numpy,
    leaves_to_numpy,
)

UNFINISHED = "unfinished_"


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
        folder: where they lie; made by the first save.
        keep: how many of those of :meth:`save` to keep; the best one is kept besides.

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

    def __init__(self, folder: Path, keep: int = 2) -> None:
        if keep < 1:
            raise ValueError(f"keep={keep}: at least 1 checkpoint must be kept.")
        self.folder = Path(folder).absolute()
        self.keep = keep

    def save(self, step: int, state: PyTree, position: dict[str, Any]) -> None:
        """Save ``state`` and ``position``, then remove all but the newest ``keep``.

        On return the checkpoint is on the disk and :meth:`latest` names it.

        Args:
            step: updates done so far.
            state: a pytree of arrays, typed random keys and Python numbers.
            position: what else it takes to continue, as JSON data: epoch, batch, the
                best value so far, …

        Raises:
            TypeError: ``position`` is not JSON data, or a leaf cannot be stored.
        """
        self._write("step", step, state, position)
        self._remove_old("step", self.keep)

    def save_best(self, step: int, state: PyTree, position: dict[str, Any]) -> None:
        """Save as :meth:`save` does and then remove the best one so far."""
        self._write("best", step, state, position)
        self._remove_old("best", 1)

    def latest(self) -> int | None:
        """Return the step of the newest checkpoint of :meth:`save`, or None."""
        saved = self._saved("step")
        return saved[-1].step if saved else None

    def restore(
        self, template: PyTree, which: int | Literal["latest", "best"]
    ) -> tuple[PyTree, dict[str, Any]]:
        """Read a checkpoint; every leaf comes back bit for bit.

        Args:
            template: a tree of the same structure, shapes and dtypes as was saved,
                such as a fresh train state. Its values are not read.
            which: the step of one of :meth:`save`, ``"latest"`` of those, or
                ``"best"``.

        Returns:
            The state and the position that were saved.

        Raises:
            FileNotFoundError: there is no such checkpoint.
            ValueError: the template and the file differ; the first such leaf is named.
        """
        folder = self.folder / self._find(which).name
        record = json.loads((folder / "position.json").read_text())
        specs = {n: LeafSpec(tuple(s), d) for n, (s, d) in record["leaves"].items()}
        difference = first_difference(leaf_specs(template), specs)
        if difference is not None:
            raise ValueError(f"{folder.name} does not fit: {difference}.")
        arrays = {n: np.zeros(s.shape, s.dtype) for n, s in specs.items() if _empty(s)}
        if len(arrays) < len(specs):
            arrays.update(_read_arrays(folder / "state"))
        return leaves_from_numpy(template, arrays), record["position"]

    def _find(self, which: int | Literal["latest", "best"]) -> Saved:
        saved = self._saved("best" if which == "best" else "step")
        if isinstance(which, int):
            saved = [s for s in saved if s.step == which]
        if saved:
            return saved[-1]
        there = ", ".join(s.name.split(".")[0] for s in self._saved()) or "nothing"
        wanted = f"of step {which}" if isinstance(which, int) else f"{which!r}"
        raise FileNotFoundError(
            f"no checkpoint {wanted} in {self.folder}; there is: {there}."
        )

    def _saved(self, *kinds: str) -> list[Saved]:
        """List complete checkpoints of these kinds, the oldest first."""
        names = os.listdir(self.folder) if self.folder.exists() else []
        matches = [re.fullmatch(r"(step|best)_(\d+)\.(\d+)", name) for name in names]
        saved = [Saved(int(m[3]), m[1], int(m[2])) for m in matches if m]
        return sorted(s for s in saved if s.kind in (kinds or ("step", "best")))

    def _write(
        self, kind: str, step: int, state: PyTree, position: dict[str, Any]
    ) -> None:
        specs = leaf_specs(state)
        record = _to_json({"step": step, "position": position, "leaves": specs})
        arrays = leaves_to_numpy(state)
        self._remove_unfinished()
        serial = 1 + max((s.serial for s in self._saved()), default=0)
        name = Saved(serial, kind, step).name
        staging = self.folder / (UNFINISHED + name)
        staging.mkdir(parents=True)
        _write_arrays(
            staging / "state", {n: a for n, a in arrays.items() if not _empty(specs[n])}
        )
        _write_durably(staging / "position.json", record)
        _sync(staging)
        staging.rename(self.folder / name)
        _sync(self.folder)

    def _remove_old(self, kind: str, keep: int) -> None:
        for saved in self._saved(kind)[:-keep]:
            # Renamed first: a checkpoint that is half removed must not look complete.
            doomed = self.folder / (UNFINISHED + saved.name)
            (self.folder / saved.name).rename(doomed)
            shutil.rmtree(doomed)

    def _remove_unfinished(self) -> None:
        for folder in self.folder.glob(UNFINISHED + "*"):
            shutil.rmtree(folder)


def _write_arrays(folder: Path, arrays: dict[str, np.ndarray]) -> None:
    """Let Orbax write the arrays; it refuses a tree without any."""
    if not arrays:
        return
    context = ocp.Context()
    # Trained weights hardly compress, and trying doubles the time.
    context.array_options.saving.use_compression = False
    # Nothing changes the arrays before the save returns.
    context.memory_options.deepcopy_host_arrays = False
    with context:
        ocp.save(str(folder), arrays)  # pyrefly: ignore[bad-argument-type]


def _read_arrays(folder: Path) -> dict[str, Any]:
    arrays: Any = ocp.load(str(folder))
    return arrays


def _empty(spec: LeafSpec) -> bool:
    """Tell whether a leaf has no elements, which Orbax cannot store."""
    return 0 in spec.shape


def _to_json(record: dict[str, Any]) -> str:
    try:
        return json.dumps(record, indent=1)
    except TypeError as error:
        raise TypeError(
            f"position is not JSON data ({error}); "
            "use dict, list, str, int, float, bool or None."
        ) from None


def _write_durably(path: Path, text: str) -> None:
    with path.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Have the names in a folder reach the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
