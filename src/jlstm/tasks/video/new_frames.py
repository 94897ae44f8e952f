"""Frames of one's own: an array, or the path of an ``.npy`` file that holds one."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Integer, UInt8

from jlstm.data.archive import read_bytes
from jlstm.data.lines import path_only
from jlstm.tasks.video.data import Prep

Stored = UInt8[np.ndarray, "n t h w"] | Float[np.ndarray, "n t h w"]


@dataclass(frozen=True, eq=False)
class StoredClips:
    """Clips of an array.

    Attributes:
        frames: bytes from 0 to 255, or shares from 0 to 1.
    """

    frames: Stored

    def __len__(self) -> int:
        return len(self.frames)

    def take(self, rows: Integer[np.ndarray, " n"]) -> Stored:
        """Return the clips of some numbers."""
        return self.frames[np.asarray(rows)]


def read_frames(
    source: str | Path | np.ndarray, prep: Prep, *, labelled: bool
) -> StoredClips:
    """Read clips ``(n, t, height, width)``, or a single one without the first axis.

    Args:
        source: an array, or the path of an ``.npy`` file.
        prep: what the model was trained on.
        labelled: whether the frames that are predicted are there too.

    Raises:
        FileNotFoundError: nothing is at the path.
        TypeError: the source is neither a path nor an array.
        ValueError: its shape or its values do not fit, in one line.
    """
    if isinstance(source, np.ndarray):
        frames, name = source, "The array"
    else:
        path = path_only(source)
        frames, name = _array_of(path), str(path)
    frames = frames[None] if frames.ndim == 3 else frames
    _check_shape(frames, name, prep, labelled)
    _check_values(frames, name)
    return StoredClips(frames)


def _array_of(path: Path) -> np.ndarray:
    content = io.BytesIO(read_bytes(path))
    try:
        found = np.load(content, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        said = " ".join(str(error).split())
        raise ValueError(
            f"{path} is no array of numbers ({said}): write one with numpy.save."
        ) from None
    if not isinstance(found, np.ndarray):
        raise ValueError(f"{path} has several arrays: write one with numpy.save.")
    return found


def _check_shape(frames: np.ndarray, name: str, prep: Prep, labelled: bool) -> None:
    shape, size = frames.shape, (prep.height, prep.width)
    if len(shape) != 4 or shape[2:] != size or not len(frames):
        raise ValueError(
            f"{name} has shape {shape}; give clips of shape (clips, frames, "
            f"{size[0]}, {size[1]}), or one of shape (frames, {size[0]}, {size[1]})."
        )
    if labelled and shape[1] != prep.steps:
        other = shape[0] == prep.steps
        advice = "swap its first two axes" if other else f"cut it to {prep.steps}"
        raise ValueError(
            f"{name} has clips of {shape[1]} frame(s), and a score needs {prep.steps}, "
            f"{prep.seen} to read and {prep.ahead} to predict: {advice}."
        )
    if not labelled and shape[1] != prep.seen:
        raise ValueError(
            f"{name} has clips of {shape[1]} frame(s), and the model reads {prep.seen} "
            f"before it predicts: give the last {prep.seen} of each."
        )


def _check_values(frames: np.ndarray, name: str) -> None:
    if frames.dtype == np.uint8:
        return
    floats = np.issubdtype(frames.dtype, np.floating)
    if not floats or not (
        np.isfinite(frames).all() and (abs(frames - 0.5) <= 0.5).all()
    ):
        between = (
            f" from {frames.min()} to {frames.max()}" if frames.dtype != bool else ""
        )
        raise ValueError(
            f"{name} has values of type {frames.dtype}{between}; give uint8 from 0 to "
            "255, or floats from 0 to 1."
        )
