"""Clips of an array: which axis is time, whether values are right, one line on it."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Integer, UInt8

from jlstm.data.archive import read_bytes

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


def read_array(path: Path) -> np.ndarray:
    """Return the array of an ``.npy`` file, or the one that an ``.npz`` file holds.

    Raises:
        FileNotFoundError: nothing is at the path.
        ValueError: it is no array of numbers, or there are several.
    """
    content = io.BytesIO(read_bytes(path))
    try:
        return _single(np.load(content, allow_pickle=False), path)
    except Exception as error:  # what NumPy makes of a damaged file has no one type
        if str(path) in str(error):
            raise
        said = " ".join(str(error).split())
        raise ValueError(
            f"{path} is no array of numbers ({said}): write one with numpy.save."
        ) from None


def clips_first(
    frames: np.ndarray, steps: int, *others: int
) -> tuple[np.ndarray, bool]:
    """Return an array with the axis of clips first, and whether it was second.

    Time is the second axis where that has ``steps`` frames, or another number that
    would be the wrong part of a clip; else the first one where that has ``steps``. All
    else is left as it is. A single clip ``(t, h, w)`` gets an axis.

    Example:
        >>> clips_first(np.zeros((20, 3, 8, 8)), steps=20)[0].shape
        (3, 20, 8, 8)
    """
    if frames.ndim == 3:
        return frames[None], False
    by_first = frames.ndim == 4 and frames.shape[0] == steps
    swap = by_first and frames.shape[1] not in {steps, *others}
    return (frames.swapaxes(0, 1), True) if swap else (frames, False)


def check_values(frames: np.ndarray, name: str) -> None:
    """Require bytes, or floats from 0 to 1.

    Raises:
        ValueError: they are something else.
    """
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


def described(path: Path, clips: np.ndarray, time_first: bool) -> str:
    """Return one line on what was read.

    Example:
        >>> described(Path("data/a.npy"), np.zeros((3, 20, 8, 8), np.uint8), True)
        'read a.npy: 3 clips of 20 frames of 8 × 8, uint8; the first axis is time'
    """
    count, steps, height, width = clips.shape
    axis = "time" if time_first else "clips"
    return (
        f"read {path.name}: {count} clips of {steps} frames of {height} × {width}, "
        f"{clips.dtype}; the first axis is {axis}"
    )


def _single(found: Any, path: Path) -> np.ndarray:
    if isinstance(found, np.ndarray):
        return found
    with found:
        if len(found.files) != 1:
            raise ValueError(
                f"{path} has {len(found.files)} arrays ({', '.join(found.files[:5])}): "
                "keep the clips alone, in a file by numpy.save."
            )
        return found[found.files[0]]
