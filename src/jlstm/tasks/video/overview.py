"""What clips hold: a frame in signs, how light pixels are, how much moves."""

import numpy as np
from jaxtyping import Float

from jlstm.tasks.video.data import Clips, Prep
from jlstm.tasks.video.objective import as_input
from jlstm.training.experiment import Loaded
from jlstm.training.overview import Overview, binned, repeated

LOOKED_AT = 100
"""Clips of each part."""
SIGNS = " .:-=+*#%@"
ROWS, COLUMNS = 12, 32


def make_overview(data: Loaded[Prep, Clips]) -> Overview:
    """Return a frame, histograms of the first clips, and what may be wrong."""
    parts = {name: _floats(clips) for name, clips in data.parts.items()}
    train, seen = parts["train"], data.prep.seen
    moved = np.abs(np.diff(train, axis=1)).mean(axis=(1, 2, 3))
    pixels = train.ravel()[:: max(1, train.size // 100_000)]
    return Overview(
        counts={name: len(clips) for name, clips in data.parts.items()},
        examples=[
            (f"a clip of train, frame {n + 1} of {data.prep.steps}", in_signs(frame))
            for n, frame in ((0, train[0, 0]), (seen, train[0, seen]))
        ],
        bars=[
            binned("intensity of pixels", pixels),
            binned("mean change of a pixel from a frame to the next, by clip", moved),
        ],
        problems=[*_problems(moved, pixels), *repeated(_keys(parts))],
    )


def in_signs(frame: Float[np.ndarray, "h w"]) -> str:
    """Return a frame in few signs, the lightest a blank.

    Example:
        >>> print(in_signs(np.array([[0.0, 1.0], [0.5, 0.25]])))
         @
        =:
    """
    means = _shrunk(_shrunk(frame, ROWS).T, COLUMNS).T
    levels = np.rint(means * (len(SIGNS) - 1)).astype(int)
    return "\n".join("".join(SIGNS[n] for n in row).rstrip() for row in levels)


def _shrunk(values: np.ndarray, most: int) -> np.ndarray:
    pieces = np.array_split(values, min(most, len(values)))
    return np.stack([piece.mean(axis=0) for piece in pieces])


def _floats(clips: Clips) -> Float[np.ndarray, "n t h w"]:
    some = clips.take(np.arange(min(LOOKED_AT, len(clips))))
    return np.moveaxis(np.asarray(as_input(some)), 0, 1)


def _keys(parts: dict[str, np.ndarray]) -> dict[str, list[bytes]]:
    return {name: [clip.tobytes() for clip in own] for name, own in parts.items()}


def _problems(moved: np.ndarray, pixels: np.ndarray) -> list[str]:
    found, still = [], int((moved == 0).sum())
    if still:
        found.append(f"nothing moves in {still} of {len(moved)} clips of train")
    if pixels.max(initial=0) <= 1 / 255:
        found.append("all pixels are black: were bytes divided by 255 twice?")
    return found
