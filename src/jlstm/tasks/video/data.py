"""Which clips a run on video learns from, and what a model knows of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Integer, UInt8

from jlstm._internal.options import Count, Fraction, NotNegative, Options, Size
from jlstm.data.images import Images
from jlstm.data.parts import check_fractions
from jlstm.tasks.video.moving import DrawnClips
from jlstm.training.experiment import Loaded

PARTS = ("train", "valid", "test")
SAMPLE = 100
"""Training clips of which the mean intensity is taken."""


@runtime_checkable
class Clips(Protocol):
    """Clips by their numbers: bytes from 0 to 255, or shares from 0 to 1."""

    def __len__(self) -> int:
        """Return how many there are."""

    def take(
        self, rows: Integer[np.ndarray, " n"]
    ) -> UInt8[np.ndarray, "n t h w"] | Float[np.ndarray, "n t h w"]:
        """Return some of them."""


@dataclass(frozen=True)
class Prep:
    """What a model of video knows of its data.

    Attributes:
        height: rows of a frame.
        width: its columns.
        seen: frames that are read before the first one is predicted.
        ahead: frames that are predicted.
        mean: intensity of a pixel, from 0 to 1.
    """

    height: int
    width: int
    seen: int
    ahead: int
    mean: float

    @property
    def steps(self) -> int:
        """Frames of a clip."""
        return self.seen + self.ahead


@dataclass(frozen=True)
class DataConfig(Options):
    """Which clips are drawn, or read.

    Attributes:
        name: of the data set, or a user's own ``clips``.
        path: of ``clips``: an ``.npy`` or ``.npz`` file with one array, of clips,
            frames, rows and columns, or of frames first.
        size: rows and columns of a frame that is drawn.
        seen: frames that are read before the first one is predicted.
        ahead: frames that are predicted.
        digits: how many move in a clip.
        slowest: the least speed of a digit, in pixels per step.
        fastest: its largest speed.
        train: clips of an epoch that are drawn; each epoch has new ones.
        valid: clips that choose the best epoch, always the same.
        test: clips that are scored, always the same, of digits that only they have.
        valid_fraction: of ``clips``: share that chooses the best epoch.
        test_fraction: of ``clips``: share that is scored.
        seed: of the draw of these shares.
    """

    name: Literal["moving_mnist", "clips"] = "moving_mnist"
    path: str | None = None
    size: Size = 64
    seen: Size = 10
    ahead: Size = 10
    digits: Size = 2
    slowest: NotNegative = 3.0
    fastest: NotNegative = 5.0
    train: Size = 1000
    valid: Size = 200
    test: Size = 500
    valid_fraction: Fraction = 0.1
    test_fraction: Fraction = 0.1
    seed: Count = 0

    def __post_init__(self) -> None:
        if (self.path is not None) != (self.name == "clips"):
            raise ValueError(
                "data.path goes with data.name=clips and only with it, got "
                f"path={self.path!r} and name={self.name!r}: set or unset the path."
            )
        check_fractions(self.valid_fraction, self.test_fraction)
        if self.slowest > self.fastest:
            raise ValueError(
                f"data.slowest is {self.slowest} and data.fastest {self.fastest}: the "
                "first may not be larger."
            )


def draw_parts(
    config: DataConfig, images: Mapping[str, Images]
) -> Loaded[Prep, DrawnClips]:
    """Return clips of images, each part of its own images and with a seed of its own.

    Raises:
        ValueError: a digit is larger than a frame.
    """
    side = images["train"].images.shape[1]
    if config.size < side:
        raise ValueError(
            f"data.size is {config.size}, and a digit takes {side} rows and columns: "
            f"give {side} or more."
        )
    parts = {
        name: DrawnClips(
            images[name].images, getattr(config, name), config.seen + config.ahead,
            config.size, config.digits, (config.slowest, config.fastest), seed,
        )
        for seed, name in enumerate(PARTS)
    }  # fmt: skip
    mean = parts["train"].take(np.arange(SAMPLE)).mean(dtype=np.float64) / 255
    sizes = (config.size, config.size, config.seen, config.ahead)
    return Loaded(Prep(*sizes, mean=float(mean)), parts)
