"""Frames of one's own for a trained model: an array, or a file that holds one."""

from pathlib import Path

import numpy as np

from jlstm.data.lines import path_only
from jlstm.tasks.video.data import Prep
from jlstm.tasks.video.stored import (
    StoredClips,
    check_values,
    clips_first,
    described,
    read_array,
)


def read_frames(
    source: str | Path | np.ndarray, prep: Prep, *, labelled: bool
) -> StoredClips:
    """Read clips ``(n, t, height, width)``, or a single one without the first axis.

    Clips ``(t, n, height, width)`` are read too, where ``t`` alone tells: the line that
    is printed says which axis was taken for time.

    Args:
        source: an array, or the path of an ``.npy`` or ``.npz`` file with one.
        prep: what the model was trained on.
        labelled: whether the frames that are predicted are there too.

    Raises:
        FileNotFoundError: nothing is at the path.
        TypeError: the source is neither a path nor an array.
        ValueError: its shape or its values do not fit, in one line.
    """
    path = None if isinstance(source, np.ndarray) else path_only(source)
    given = source if isinstance(source, np.ndarray) else read_array(path_only(source))
    name = "The array" if path is None else str(path)
    steps = prep.steps if labelled else prep.seen
    frames, time_first = clips_first(given, steps, prep.seen, prep.steps)
    _check_shape(given, frames, name, prep, labelled)
    check_values(frames, name)
    if path is not None:
        print(described(path, frames, time_first), flush=True)
    return StoredClips(frames)


def _check_shape(
    given: np.ndarray, frames: np.ndarray, name: str, prep: Prep, labelled: bool
) -> None:
    shape, size = frames.shape, (prep.height, prep.width)
    if len(shape) != 4 or shape[2:] != size or not len(frames):
        raise ValueError(
            f"{name} has shape {given.shape}; give clips of shape (clips, frames, "
            f"{size[0]}, {size[1]}), or one of shape (frames, {size[0]}, {size[1]})."
        )
    if labelled and shape[1] != prep.steps:
        raise ValueError(
            f"{name} has clips of {shape[1]} frame(s), and a score needs {prep.steps}, "
            f"{prep.seen} to read and {prep.ahead} to predict: cut it to {prep.steps}."
        )
    if not labelled and shape[1] != prep.seen:
        raise ValueError(
            f"{name} has clips of {shape[1]} frame(s), and the model reads {prep.seen} "
            f"before it predicts: give the last {prep.seen} of each."
        )
