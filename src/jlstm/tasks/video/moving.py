"""Moving MNIST: digits that fly straight on and bounce off the edges of the frame.

Source: N. Srivastava, E. Mansimov and R. Salakhutdinov, "Unsupervised learning of video
representations using LSTMs", 2015 (arXiv:1502.04681).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Integer, UInt8

Frames = UInt8[np.ndarray, "n t h w"]


@dataclass(frozen=True, eq=False)
class DrawnClips:
    """Clips that are drawn when they are asked for: number n is always the same one.

    Where digits overlap, the lighter pixel is seen. A digit moves in any direction by
    ``speeds`` pixels per step, and changes its direction at the edges only.

    Attributes:
        digits: images to choose from.
        count: how many clips there are; larger numbers go on drawing.
        steps: frames of a clip.
        size: rows and columns of a frame.
        moving: how many digits a clip has.
        speeds: the least and the largest speed, in pixels per step.
        seed: of all clips; others have nothing in common with these.

    Example:
        >>> white = np.full((1, 28, 28), 255, np.uint8)
        >>> clips = DrawnClips(white, 9, steps=5, size=64, moving=1, speeds=(3.0, 5.0))
        >>> two = clips.take(np.array([2, 8]))
        >>> two.shape, np.unique((two == 255).sum((2, 3)) == 28 * 28).tolist()
        ((2, 5, 64, 64), [True])
    """

    digits: UInt8[np.ndarray, "k r c"]
    count: int
    steps: int
    size: int
    moving: int
    speeds: tuple[float, float]
    seed: int = 0

    def __len__(self) -> int:
        return self.count

    def take(self, rows: Integer[np.ndarray, " n"]) -> Frames:
        """Return the clips of some numbers, each of them 0 or more."""
        return np.stack([self._draw(int(row)) for row in rows])

    def _draw(self, row: int) -> UInt8[np.ndarray, "t h w"]:
        rng = np.random.default_rng((self.seed, row))
        frames = np.zeros((self.steps, self.size, self.size), np.uint8)
        side = self.digits.shape[1]
        for _ in range(self.moving):
            digit = self.digits[rng.integers(len(self.digits))]
            places = path(rng, self.steps, self.size - side, self.speeds)
            for frame, (top, left) in zip(frames, places, strict=True):
                under = frame[top : top + side, left : left + side]
                np.maximum(under, digit, out=under)
        return frames


def path(
    rng: np.random.Generator, steps: int, room: int, speeds: tuple[float, float]
) -> Int[np.ndarray, "t 2"]:
    """Return the places of a point that bounces in a square, from 0 to ``room``.

    Example:
        >>> path(np.random.default_rng(0), 4, room=36, speeds=(10.0, 10.0)).tolist()
        [[23, 10], [25, 19], [28, 29], [31, 33]]
    """
    start = rng.uniform(0, room, 2)
    angle, speed = rng.uniform(0, 2 * np.pi), rng.uniform(*speeds)
    velocity = speed * np.array([np.sin(angle), np.cos(angle)])
    places = start + np.arange(steps)[:, None] * velocity
    return np.rint(reflected(places, room)).astype(int)


def reflected(places: Float[np.ndarray, "..."], room: int) -> Float[np.ndarray, "..."]:
    """Fold straight lines at 0 and at ``room``, as light between two mirrors.

    Example:
        >>> reflected(np.array([-1.0, 2.0, 4.0, 7.0]), room=3).tolist()
        [1.0, 2.0, 2.0, 1.0]
    """
    if room == 0:
        return np.zeros_like(places)
    return room - np.abs(places % (2 * room) - room)
