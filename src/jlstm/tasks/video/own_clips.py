"""A user's own clips: a file of them, cut into parts."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Integer

from jlstm.data.parts import cut_rows
from jlstm.tasks.video.data import Clips, DataConfig, Prep
from jlstm.tasks.video.stored import (
    Stored,
    StoredClips,
    check_values,
    clips_first,
    described,
    read_array,
)
from jlstm.training.experiment import Loaded


@dataclass(frozen=True, eq=False)
class MixedClips(StoredClips):
    """Clips in another order in each epoch: larger numbers go on through them.

    Example:
        >>> clips = MixedClips(np.arange(3, dtype=np.uint8).reshape(3, 1, 1, 1))
        >>> epochs = clips.take(np.arange(9)).ravel().reshape(3, 3)
        >>> epochs.tolist(), np.sort(epochs).tolist()
        ([[2, 0, 1], [0, 1, 2], [2, 0, 1]], [[0, 1, 2], [0, 1, 2], [0, 1, 2]])
    """

    def take(self, rows: Integer[np.ndarray, " n"]) -> Stored:
        """Return the clips of some numbers, each of them 0 or more."""
        places = (divmod(int(row), len(self)) for row in rows)
        return self.frames[[_order(len(self), epoch)[at] for epoch, at in places]]


def load_own(config: DataConfig) -> Loaded[Prep, Clips]:
    """Read clips of a user and cut them into parts.

    Raises:
        FileNotFoundError: nothing is at ``data.path``.
        ValueError: the shape or the values do not fit, or there are too few clips.
    """
    assert config.path is not None  # the configuration says so
    path = Path(config.path)
    given = read_array(path)
    clips, time_first = clips_first(given, config.seen + config.ahead)
    _check_shape(given, clips, path, config)
    check_values(clips, str(path))
    print(described(path, clips, time_first), flush=True)
    shares = {"valid": config.valid_fraction, "test": config.test_fraction}
    rows = cut_rows(np.zeros(len(clips), int), shares, config.seed)
    train = MixedClips(clips[rows["train"]])
    scale = 255 if clips.dtype == np.uint8 else 1
    mean = float(train.frames.mean(dtype=np.float64) / scale)
    prep = Prep(*clips.shape[2:], config.seen, config.ahead, mean=mean)
    held = {name: StoredClips(clips[rows[name]]) for name in shares}
    return Loaded(prep, {"train": train, **held})


def _check_shape(
    given: np.ndarray, clips: np.ndarray, path: Path, config: DataConfig
) -> None:
    steps = config.seen + config.ahead
    if clips.ndim != 4 or not clips.size:
        raise ValueError(
            f"{path} has shape {given.shape}; give clips of shape (clips, frames, "
            "height, width), or (frames, clips, height, width)."
        )
    if clips.shape[1] != steps:
        half = max(clips.shape[1] // 2, 1)
        raise ValueError(
            f"{path} has shape {given.shape}, and neither of its first two axes has "
            f"the {steps} frames of data.seen={config.seen} and "
            f"data.ahead={config.ahead}: of clips of {clips.shape[1]} frames give, for "
            f"example, data.seen={clips.shape[1] - half} data.ahead={half}."
        )


@lru_cache(maxsize=4)
def _order(count: int, epoch: int) -> Integer[np.ndarray, " n"]:
    return np.random.default_rng(epoch).permutation(count)
