"""Polyphonic music: pieces as piano rolls, a row of 88 keys for each step in time.

The task is to predict each row from those before it; the measure is the negative
log-likelihood in nats, summed over the keys and over all rows, divided by the rows.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float64, UInt8

from jlstm.data.archive import read_bytes
from jlstm.data.fetch import fetch
from jlstm.data.matlab import check_whole

KEYS = 88
LOWEST_MIDI_NOTE = 21
NAMES = ("jsb", "nottingham", "musedata", "piano_midi")
_PARTS = {"train": "traindata", "valid": "validdata", "test": "testdata"}

Roll = UInt8[np.ndarray, "_ 88"]


def load_music(name: str) -> dict[str, tuple[Roll, ...]]:
    """Return the pieces of train, valid and test.

    Args:
        name: ``"jsb"``, ``"nottingham"``, ``"musedata"`` or ``"piano_midi"``.

    Raises:
        FileNotFoundError, ValueError: as ``jlstm.data.fetch``.
    """
    if name not in NAMES:
        raise ValueError(f"name must be one of {', '.join(NAMES)}, got {name!r}.")
    return read_rolls(fetch(name)["pieces"])


def read_rolls(path: str | Path) -> dict[str, tuple[Roll, ...]]:
    """Read a MATLAB file with the cell rows traindata, validdata and testdata.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError: the file has no such data.
    """
    import io

    from scipy.io import loadmat  # JAX brings SciPy along

    content = read_bytes(path)
    try:
        check_whole(content)
        data = loadmat(io.BytesIO(content), variable_names=[*_PARTS.values()])
        return {part: _rolls(data[key]) for part, key in _PARTS.items()}
    except Exception as error:  # what SciPy makes of a damaged file has no one type
        reason = " ".join(str(error).split())
        raise ValueError(
            f"{path} is not a MATLAB file with traindata, validdata and testdata "
            f"({reason})."
        ) from None


def independent_rates(pieces: Sequence[Roll]) -> Float64[np.ndarray, " 88"]:
    """Return how often each key sounds, smoothed so that no rate is 0 or 1.

    Example:
        >>> rates = independent_rates([np.eye(2, 88, dtype=np.uint8)])
        >>> rates[[0, 2]]
        array([0.5 , 0.25])
    """
    rows = np.concatenate([np.asarray(piece, np.float64) for piece in pieces])
    return (rows.sum(0) + 1) / (len(rows) + 2)


def independent_baseline(train: Sequence[Roll], pieces: Sequence[Roll]) -> float:
    """Return the nats per row that rates of single keys need: what a model must beat.

    The first row of a piece is not counted: no model predicts it.
    """
    rates = independent_rates(train)
    rows = np.concatenate([np.asarray(piece[1:], np.float64) for piece in pieces])
    nats = -rows @ np.log(rates) - (1 - rows) @ np.log1p(-rates)
    return float(nats.mean())


def copy_baseline(train: Sequence[Roll], pieces: Sequence[Roll]) -> float:
    """Return the nats per row of each key going on as training's keys mostly do.

    One rate for a key that sounds and one for a key that does not, of all keys.
    """
    before, now = _steps(train)
    rates = [
        (now[before == on].sum() + 1) / ((before == on).sum() + 2) for on in (0, 1)
    ]
    before, now = _steps(pieces)
    rate = np.where(before == 1, rates[1], rates[0])
    nats = -np.where(now == 1, np.log(rate), np.log1p(-rate))
    return float(nats.sum(1).mean())


def _steps(pieces: Sequence[Roll]) -> tuple[np.ndarray, np.ndarray]:
    """Return all rows that have one after them, and those after them."""
    return (
        np.concatenate([piece[:-1] for piece in pieces]),
        np.concatenate([piece[1:] for piece in pieces]),
    )


def _rolls(cells: np.ndarray) -> tuple[Roll, ...]:
    return tuple(np.asarray(cell, np.uint8) for cell in cells[0])
