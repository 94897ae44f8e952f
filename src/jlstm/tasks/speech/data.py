"""The recordings of a run: in three parts, made into features."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from jlstm._internal.options import Count, Fraction, Options, Size
from jlstm.data import load_fsdd
from jlstm.data.audio import AugmentConfig, LogMelConfig, change_speed, extract_log_mel
from jlstm.data.audio_folder import load_audio_folder, numbers_in
from jlstm.data.parts import check_fractions, cut_rows, groups_by, told_groups
from jlstm.data.speech import SAMPLE_RATE, official_split, speaker_split
from jlstm.tasks.classification.data import Data, Part, Prep
from jlstm.tasks.classification.labels import say_parts
from jlstm.tasks.speech.played import Recorded

Name = Literal["fsdd", "audio_folder"]
DIGITS = tuple("0123456789")


@dataclass(frozen=True)
class DataConfig(Options):
    """Which recordings, and how they are split.

    Attributes:
        name: FSDD, or a user's own folder of recordings.
        path: of ``audio_folder``: a folder with a folder for each class.
        speaker: of FSDD: whom only the test hears; ``None`` takes the official split.
        valid_path: of ``audio_folder``: a folder that chooses the best epoch; else a
            share of ``path`` does.
        test_path: of ``audio_folder``: a folder to report on; else a share of ``path``.
        group: of ``audio_folder``: a pattern of the path of a recording with brackets
            around what names its speaker, who is in one part alone; None cuts by class.
        valid_fraction: of ``audio_folder``: share that chooses the best epoch.
        test_fraction: of ``audio_folder``: share that is reported on.
        limit_train: train on so many recordings only, drawn at random.
        seed: of the draws.
    """

    name: Name = "fsdd"
    path: str | None = None
    speaker: str | None = None
    valid_path: str | None = None
    test_path: str | None = None
    group: str | None = None
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
        for key in ("valid_path", "test_path", "group"):
            if getattr(self, key) is not None and self.name != "audio_folder":
                raise ValueError(
                    f"data.{key} goes with data.name=audio_folder; data.name is "
                    f"{self.name!r}: leave it out."
                )
        check_fractions(self.valid_fraction, self.test_fraction)


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
    parts = {"train": learned, "valid": valid, "test": test}
    sounds = [heard.waveforms[row] for row in held[1]]
    return Recorded(prep, parts, waveforms=sounds, rate=front.sample_rate)


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
    return _own(config, front.sample_rate)


def _own(config: DataConfig, rate: int) -> Heard:
    assert config.path is not None  # the configuration says so
    sounds = load_audio_folder(config.path, rate)
    print(sounds.read, flush=True)
    root = Path(config.path)
    groups = config.group and groups_by(config.group, sounds.files, root)
    paths = {"valid": config.valid_path, "test": config.test_path}
    shares = {"valid": config.valid_fraction, "test": config.test_fraction}
    left = {name: share for name, share in shares.items() if paths[name] is None}
    rows = cut_rows(sounds.labels, left, config.seed, groups)
    waveforms, labels = [*sounds.waveforms], [*sounds.labels]
    for name, path in paths.items():
        if path is not None:
            other = load_audio_folder(path, rate, least=1)
            print(other.read, flush=True)
            numbers = numbers_in(other, sounds.classes, path)
            rows[name] = len(labels) + np.arange(len(numbers))
            waveforms, labels = [*waveforms, *other.waveforms], [*labels, *numbers]
    order = {name: rows[name] for name in ("train", *shares)}
    known = np.array(labels)
    say_parts({name: known[own] for name, own in order.items()}, sounds.classes)
    if groups:
        print(told_groups({name: rows[name] for name in ("train", *left)}, groups))
    return Heard(waveforms, known, sounds.classes, [*order.values()])


def _check_rate(front: LogMelConfig, rate: int) -> None:
    if front.sample_rate != rate:
        raise ValueError(
            f"front.sample_rate is {front.sample_rate}, the recordings have {rate}: "
            f"set front.sample_rate={rate}."
        )
