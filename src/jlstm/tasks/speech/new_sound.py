"""New recordings for a trained model."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from jlstm.data.audio import LogMelConfig, extract_log_mel
from jlstm.data.audio_folder import (
    SOUNDS,
    load_audio_folder,
    numbers_in,
    read_sound,
    resampled,
)
from jlstm.data.lines import path_only
from jlstm.tasks.classification.data import Part

Recordings: TypeAlias = str | os.PathLike[str] | Iterable[np.ndarray]
"""The path of a recording or of a folder of them, or samples from -1 to 1."""

LOUDEST = 2.0
"""Decoders overshoot 1 a little; beyond this, samples were not scaled."""


class Heard(NamedTuple):
    """Recordings as a model reads them.

    Attributes:
        names: of the files, or their numbers.
        features: ``t x`` of each.
    """

    names: tuple[str, ...]
    features: list[np.ndarray]


def read_new(source: Recordings, front: LogMelConfig) -> Heard:
    """Read recordings and make features of them.

    Args:
        source: the path of a recording, or of a folder with some at any depth; or the
            samples of each.
        front: how sound becomes features.

    Raises:
        FileNotFoundError: nothing is at the path.
        ValueError: a file cannot be read, or values are not one channel of floats from
            -1 to 1.
    """
    if not isinstance(source, str | os.PathLike):
        sounds = _values(source)
        return Heard(
            tuple(map(str, range(len(sounds)))), extract_log_mel(sounds, front)
        )
    files = _files(Path(source))
    sounds = [sound_at_rate(path, front.sample_rate) for path in files]
    return Heard(tuple(map(str, files)), extract_log_mel(sounds, front))


def read_labelled(
    path: str | Path, classes: tuple[str, ...], front: LogMelConfig
) -> Part:
    """Read a folder with a folder of recordings for each class.

    Args:
        path: of the folder; not every class has to be there.
        classes: those of the run.
        front: how sound becomes features.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: a file cannot be read, or the run does not know a class.
    """
    sounds = load_audio_folder(path_only(path), front.sample_rate, least=1)
    print(sounds.read, flush=True)
    labels = numbers_in(sounds, classes, path)
    return Part(extract_log_mel(sounds.waveforms, front), labels)


def _values(source: Any) -> list[np.ndarray]:
    """Return samples given as values; integers or a louder sound would be misread."""
    sounds = [np.asarray(one) for one in source] if isinstance(source, Iterable) else []
    if not sounds:
        raise ValueError("There is no recording: give a path, or samples in a list.")
    for number, one in enumerate(sounds, 1):
        is_sound = one.ndim == 1 and one.dtype.kind == "f"
        if not (is_sound and np.abs(one).max(initial=0) <= LOUDEST):
            raise ValueError(
                f"Recording {number} is {one.dtype} of shape {one.shape}: give one "
                "channel of finite floats from -1 to 1, each in a list of recordings."
            )
    return [one.astype(np.float32) for one in sounds]


def _files(path: Path) -> list[Path]:
    """Return a recording, or all in a folder, at any depth."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise FileNotFoundError(f"There is no {path}: give a recording or a folder.")
    found = sorted(one for one in path.rglob("*") if one.suffix.lower() in SOUNDS)
    if not found:
        raise ValueError(f"{path} has no recording: give one, or a folder with some.")
    return found


def sound_at_rate(path: Path, rate: int) -> np.ndarray:
    """Return the samples of a recording at a rate."""
    return resampled(*read_sound(path), rate)
