"""Baselines: what a pixel shows next, by its place, or by what it has shown.

Each puts pixels into classes and predicts, at each step ahead, the mean that pixels of
that class had in training. No other answer for these classes has fewer nats there or a
smaller squared error, so "the last frame" is as good as copying can be.
"""

from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Float, Integer

from jlstm.tasks.video.data import Clips, Prep
from jlstm.tasks.video.objective import FrameErrors, pieces

Classes = Callable[[Float[np.ndarray, "n t h w"]], Integer[np.ndarray, "n h w"]]
LEVELS = 16
LEAST = 1e-4
"""The smallest chance that is given."""
_AT_ONCE = 50  # clips


def by_place(seen: Float[np.ndarray, "n t h w"]) -> Integer[np.ndarray, "n h w"]:
    """Return a class for each place of a frame."""
    n, _, height, width = seen.shape
    return np.broadcast_to(np.arange(height * width).reshape(height, width),
                           (n, height, width))  # fmt: skip


def by_last(seen: Float[np.ndarray, "n t h w"]) -> Integer[np.ndarray, "n h w"]:
    """Return the level of each pixel in the last frame."""
    return np.rint(seen[:, -1] * (LEVELS - 1)).astype(int)


def by_mean(seen: Float[np.ndarray, "n t h w"]) -> Integer[np.ndarray, "n h w"]:
    """Return the level of the mean of each pixel over the frames."""
    return np.rint(seen.mean(axis=1) * (LEVELS - 1)).astype(int)


RULES: dict[str, Classes] = {
    "the last frame, copied": by_last,
    "the mean of the seen frames": by_mean,
    "each pixel by itself": by_place,
}


class Baseline:
    """A rule with the means of its classes, which were fitted.

    Example:
        >>> from jlstm.tasks.video.stored import StoredClips
        >>> still = np.zeros((2, 3, 1, 2), np.uint8)
        >>> still[..., 0] = 255
        >>> rule = Baseline(by_last, StoredClips(still), Prep(1, 2, 2, 1, 0.5))
        >>> rule.errors(StoredClips(still)).squares.round(6).tolist()
        [[0.055556], [0.055556]]
    """

    def __init__(self, classes: Classes, train: Clips, prep: Prep) -> None:
        """Fit it to training clips."""
        self.classes, self.seen = classes, prep.seen
        size = max(LEVELS, prep.height * prep.width)
        sums = np.full((prep.ahead, size), prep.mean)  # a clip of the mean, for each
        counts = np.ones(size)
        for frames in _floats(train):
            found = classes(frames[:, : prep.seen]).ravel()
            counts += np.bincount(found, minlength=size)
            for step, truth in enumerate(frames[:, prep.seen :].swapaxes(0, 1)):
                sums[step] += np.bincount(found, truth.ravel(), size)
        self.means = np.clip(sums / counts, LEAST, 1 - LEAST)

    def errors(self, clips: Clips) -> FrameErrors:
        """Return how wrong it is on all clips."""
        found = [self._errors(frames) for frames in _floats(clips)]
        return FrameErrors(*map(np.concatenate, zip(*found, strict=True)))

    def _errors(self, frames: Float[np.ndarray, "n t h w"]) -> FrameErrors:
        truth = frames[:, self.seen :].swapaxes(0, 1)
        guess = self.means[:, self.classes(frames[:, : self.seen])]
        nats = -truth * np.log(guess) - (1 - truth) * np.log1p(-guess)
        squares = np.square(truth - guess)
        return FrameErrors(nats.sum((-2, -1)).T, squares.sum((-2, -1)).T)


def _floats(clips: Clips) -> Iterator[Float[np.ndarray, "n t h w"]]:
    """Yield clips with intensities from 0 to 1."""
    for batch, real in pieces(clips, _AT_ONCE):
        scale = 255 if batch.dtype == np.uint8 else 1
        yield batch[:real].astype(np.float32) / np.float32(scale)
