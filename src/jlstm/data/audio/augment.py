"""Training sounds made from others: faster or slower, or with parts left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from jaxtyping import Float32

from jlstm._internal.options import Count, Limit, Options, Positive

Speeds = Annotated[
    tuple[Positive, ...],
    Limit("one or more positive numbers in a list, such as [0.9, 1.0, 1.1]", bool),
]


@dataclass(frozen=True)
class AugmentConfig(Options):
    """What becomes of training sounds.

    Attributes:
        speeds: how fast each is played; faster is higher too. Each adds a copy.
        band_masks: runs of neighboring bands to leave out, in each epoch again.
        band_width: the most bands of a run.
        time_masks: runs of frames to leave out.
        time_width: the most frames of a run.
    """

    speeds: Speeds = (1.0,)
    band_masks: Count = 0
    band_width: Count = 8
    time_masks: Count = 0
    time_width: Count = 8

    @property
    def masks(self) -> bool:
        """Whether anything is left out."""
        return self.band_masks + self.time_masks > 0


def change_speed(
    waveform: Float32[np.ndarray, " n"], speed: float
) -> Float32[np.ndarray, " m"]:
    """Play a sound faster or slower, by linear interpolation between samples.

    Source: Ko et al., 2015, "Audio augmentation for speech recognition".

    Example:
        >>> change_speed(np.array([0, 1, 2, 3], np.float32), 2.0).tolist()
        [0.0, 2.0]
    """
    if speed == 1:
        return waveform
    at = np.arange(int(len(waveform) / speed)) * speed
    return np.interp(at, np.arange(len(waveform)), waveform).astype(np.float32)


def leave_out(
    features: Sequence[np.ndarray],
    config: AugmentConfig,
    rng: np.random.Generator,
) -> list[np.ndarray]:
    """Set runs of bands and of frames to zero, which is their mean.

    Source: Park et al., 2019, "SpecAugment".

    Example:
        >>> config = AugmentConfig(time_masks=1, time_width=2)
        >>> [after] = leave_out([np.ones((9, 4))], config, np.random.default_rng(1))
        >>> after.shape, after.sum(axis=1).astype(int).tolist()
        ((9, 4), [4, 4, 4, 4, 0, 4, 4, 4, 4])
    """
    return [_leave_out(one, config, rng) for one in features]


def _leave_out(
    features: np.ndarray, config: AugmentConfig, rng: np.random.Generator
) -> np.ndarray:
    after = features.copy()
    for axis, count, width in (
        (0, config.time_masks, config.time_width),
        (1, config.band_masks, config.band_width),
    ):
        along = np.moveaxis(after, axis, 0)
        for _ in range(count):
            size = rng.integers(min(width, len(along)) + 1)
            start = rng.integers(len(along) - size + 1)
            along[start : start + size] = 0
    return after
