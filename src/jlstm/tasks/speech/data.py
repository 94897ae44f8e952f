"""The recordings of a run: in three parts, made into features."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from jlstm._internal.options import Count, Fraction, Options, Size
from jlstm.data import load_fsdd
from jlstm.data.audio import AugmentConfig, LogMelConfig, change_speed, extract_log_mel
from jlstm.data.audio_folder import load_audio_folder
from jlstm.data.speech import SAMPLE_RATE, official_split, speaker_split
from jlstm.tasks.classification.data import Data, Part, Prep
from jlstm.training.experiment import Loaded

Name = Literal["fsdd", "audio_folder"]
DIGITS = tuple("0123456789")


@dataclass(frozen=True)
class DataConfig(Options):
    """Which recordings, and how they are split.

    Attributes:
        name: FSDD, or a user's own folder of recordings.
        path: of ``audio_folder``: a folder with a folder for each class.
        speaker: of FSDD: whom only the test hears; ``None`` takes the official split.
        valid_fraction: of ``audio_folder``: share that chooses the best epoch.
        test_fraction: of ``audio_folder``: share that is reported on.
        limit_train: train on so many recordings only, drawn at random.
        seed: of the draws.
    """

    name: Name = "fsdd"
    path: str | None = None
    speaker: str | None = None
    valid_fraction: Fraction = 0.1
    test_fraction: Fraction = 0.1
    limit_train: Size | None = None
    seed: Count = 0

    def __post_init__(self) -> None:
        if (self.path is not None) != (self.name == "audio_folder"):
            raise ValueError(
                "data.path goes with data.name=audio_folder and only with it, got "
                f"path={self.path!r} and name={self.name!r}: set or unset the path."
            )
        if self.speaker is not None and self.name != "fsdd":
            raise ValueError(
                f"data.speaker is {self.speaker!r}, but only fsdd has named speakers "
                f"and data.name is {self.name!r}: leave it out."
            )
        shares = self.valid_fraction, self.test_fraction
        if not (min(shares) > 0 and sum(shares) < 1):
            raise ValueError(
                f"data.valid_fraction is {shares[0]} and data.test_fraction "
                f"{shares[1]}; give shares above 0 that leave something to train on."
            )


class Heard(NamedTuple):
    """Sounds, their classes, and which belong to training, validation and test."""

    waveforms: Sequence[np.ndarray]
    labels: np.ndarray
    classes: tuple[str, ...]
    rows: Sequence[np.ndarray]


def load(config: DataConfig, front: LogMelConfig, augment: AugmentConfig) -> Data:
    """Read the recordings.

    Raises:
        FileNotFoundError, ValueError: they are not there, or an option does not fit.
    """
    heard = _read(config, front)
    train, *held = heard.rows
    if config.limit_train is not None:
        order = np.random.default_rng(config.seed).permutation(len(train))
        train = train[order[: config.limit_train]]
    whole = [change_speed(heard.waveforms[row], speed)
             for speed in augment.speeds for row in train]  # fmt: skip
    labels = np.tile(heard.labels[train], len(augment.speeds))
    learned = Part(extract_log_mel(whole, front), labels)
    valid, test = (
        Part(
            extract_log_mel([heard.waveforms[row] for row in rows], front),
            heard.labels[rows],
        )
        for rows in held
    )
    prep = Prep(heard.classes, input_size=front.num_features)
    return Loaded(prep, {"train": learned, "valid": valid, "test": test})


def _read(config: DataConfig, front: LogMelConfig) -> Heard:
    if config.name == "fsdd":
        _check_rate(front, SAMPLE_RATE)
        found = load_fsdd()
        speaker = config.speaker
        rows = (
            official_split(found) if speaker is None else speaker_split(found, speaker)
        )
        waveforms = [found.waveform(row) for row in range(len(found.digits))]
        return Heard(waveforms, found.digits, DIGITS, rows)
    assert config.path is not None  # the configuration says so
    sounds = load_audio_folder(config.path)
    print(sounds.read, flush=True)
    _check_rate(front, sounds.sample_rate)
    rows = _random_rows(len(sounds.labels), config)
    return Heard(sounds.waveforms, sounds.labels, sounds.classes, rows)


def _random_rows(count: int, config: DataConfig) -> list[np.ndarray]:
    """Return rows for training, validation and test, at least one for each."""
    if count < 3:
        raise ValueError(f"{config.path} has {count} files; give three or more.")
    rows = np.random.default_rng(config.seed).permutation(count)
    valid = max(1, round(config.valid_fraction * count))
    test = max(1, round(config.test_fraction * count))
    return [rows[valid + test :], rows[:valid], rows[valid : valid + test]]


def _check_rate(front: LogMelConfig, rate: int) -> None:
    if front.sample_rate != rate:
        raise ValueError(
            f"front.sample_rate is {front.sample_rate}, the recordings have {rate}: "
            f"set front.sample_rate={rate}."
        )
