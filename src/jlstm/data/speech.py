"""Spoken digits: the recordings of FSDD, their splits, and strings of digits.

The official split has the same six speakers in training and test and is near its
ceiling; ``speaker_split`` leaves one speaker out and is the harder, honest number.
"""

import io
import re
import wave
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int16, Integer

from jlstm._internal.options import NotNegative, Options, Size
from jlstm.data.archive import members
from jlstm.data.fetch import fetch

SAMPLE_RATE = 8_000  # Hz
_PATTERN = "recordings/*.wav"
_NAME = re.compile(r"recordings/(\d)_([a-z]+)_(\d+)\.wav")
_TEST, _FULL_SCALE = 5, 32_768


class Recordings(NamedTuple):
    """Recordings of one digit each, 8 kHz; ``take`` numbers are the official ones."""

    samples: tuple[Int16[np.ndarray, " n"], ...]
    digits: Integer[np.ndarray, " n"]
    speakers: tuple[str, ...]
    takes: Integer[np.ndarray, " n"]

    def waveform(self, row: int | np.integer) -> Float32[np.ndarray, " n"]:
        """Return the samples of a recording, from -1 to 1."""
        return self.samples[row].astype(np.float32) / np.float32(_FULL_SCALE)


class Rows(NamedTuple):
    """Which recordings are to learn from, to choose a model by, and to report on."""

    train: Integer[np.ndarray, " n"]
    valid: Integer[np.ndarray, " m"]
    test: Integer[np.ndarray, " k"]


def load_fsdd() -> Recordings:
    """Return the 3,000 recordings of FSDD, by speaker, then digit, then take.

    Raises:
        FileNotFoundError, ValueError: as ``jlstm.data.fetch``.
    """
    rows = []
    for name, content in members(fetch("fsdd")["recordings"], _PATTERN):
        match = _NAME.fullmatch(name)
        assert match is not None  # the digest says so
        rows.append((match[2], int(match[1]), int(match[3]), _samples(content)))
    rows.sort(key=lambda row: row[:3])
    speakers, digits, takes, samples = zip(*rows, strict=True)
    return Recordings(samples, np.array(digits), speakers, np.array(takes))


def official_split(recordings: Recordings, *, valid_takes: int = 5) -> Rows:
    """Return the official split: takes 0 to 4 are the test.

    Args:
        recordings: those of ``load_fsdd``.
        valid_takes: how many takes, from 5 on, to keep out of training.

    Raises:
        ValueError: it leaves nothing to train on.
    """
    last = _TEST + valid_takes
    takes = recordings.takes
    if valid_takes < 0 or last > takes.max():
        raise ValueError(
            f"valid_takes must be from 0 to {takes.max() - _TEST}, got {valid_takes}."
        )
    return Rows(
        np.flatnonzero(takes >= last),
        np.flatnonzero((takes >= _TEST) & (takes < last)),
        np.flatnonzero(takes < _TEST),
    )


def speaker_split(
    recordings: Recordings, speaker: str, *, valid_takes: int = 5
) -> Rows:
    """Return a split that tests on one speaker, whom training never hears.

    Args:
        recordings: those of ``load_fsdd``.
        speaker: who is left out.
        valid_takes: how many takes of the others, from 0 on, to validate on.

    Raises:
        ValueError: nobody has this name.
    """
    names = np.array(recordings.speakers)
    if speaker not in recordings.speakers:
        raise ValueError(
            f"speaker must be one of {', '.join(np.unique(names))}, got {speaker!r}."
        )
    others, early = names != speaker, recordings.takes < valid_takes
    return Rows(
        np.flatnonzero(others & ~early),
        np.flatnonzero(others & early),
        np.flatnonzero(~others),
    )


@dataclass(frozen=True)
class StringConfig(Options):
    """How strings of digits are put together, for CTC.

    Args:
        least: the fewest digits in a string.
        most: the most digits in a string.
        least_gap: shortest silence between digits and at both ends, seconds.
        most_gap: longest silence, seconds.
        noise: standard deviation of white noise on all of it; full scale is 1.

    Raises:
        ValueError: a field is out of range.
    """

    least: Size = 3
    most: Size = 7
    least_gap: NotNegative = 0.05
    most_gap: NotNegative = 0.25
    noise: NotNegative = 1e-3

    def __post_init__(self):
        if not 1 <= self.least <= self.most:
            raise ValueError(
                f"least and most must be 1 <= least <= most, got {self.least} and "
                f"{self.most}."
            )
        if not 0 <= self.least_gap <= self.most_gap:
            raise ValueError(
                "least_gap and most_gap must be 0 <= least_gap <= most_gap, got "
                f"{self.least_gap} and {self.most_gap}."
            )


class DigitString(NamedTuple):
    """An utterance, its digits in order, and which recordings it is made of."""

    waveform: Float32[np.ndarray, " n"]
    digits: Integer[np.ndarray, " k"]
    rows: Integer[np.ndarray, " k"]


def digit_strings(
    recordings: Recordings,
    rows: Integer[np.ndarray, " n"],
    count: int,
    config: StringConfig,
    *,
    seed: int,
) -> tuple[DigitString, ...]:
    """Make utterances of several digits by one speaker, with silence between them.

    Only recordings of ``rows`` are used, so strings for training and test share none
    if their rows do not. The n-th string depends on the seed and n only: a larger
    ``count`` gives the same ones and more.

    Args:
        recordings: those of ``load_fsdd``.
        rows: which of them to draw from, with replacement.
        count: how many utterances.
        config: how long, how far apart.
        seed: of all that is drawn.

    Raises:
        ValueError: there are no rows to draw from.
    """
    if not len(rows):
        raise ValueError("rows is empty: give recordings to draw digits from.")
    names = np.array(recordings.speakers)[rows]
    by_speaker = [rows[names == name] for name in np.unique(names)]
    return tuple(
        _string(recordings, by_speaker, config, np.random.default_rng((seed, n)))
        for n in range(count)
    )


def _string(
    recordings: Recordings,
    by_speaker: list[np.ndarray],
    config: StringConfig,
    rng: np.random.Generator,
) -> DigitString:
    speaker = by_speaker[rng.integers(len(by_speaker))]
    rows = rng.choice(speaker, rng.integers(config.least, config.most + 1))
    gaps = rng.uniform(config.least_gap, config.most_gap, len(rows) + 1)
    silences = [np.zeros(round(gap * SAMPLE_RATE), np.float32) for gap in gaps]
    pieces = [silences[0]]
    for row, silence in zip(rows, silences[1:], strict=True):
        pieces += [recordings.waveform(row), silence]
    clean = np.concatenate(pieces)
    noise = rng.standard_normal(len(clean), np.float32) * np.float32(config.noise)
    return DigitString(clean + noise, recordings.digits[rows], rows)


def _samples(content: bytes) -> Int16[np.ndarray, " n"]:
    """Read a wav file of 8 kHz, mono, 16 bit."""
    with wave.open(io.BytesIO(content)) as file:
        form = file.getframerate(), file.getnchannels(), file.getsampwidth()
        assert form == (SAMPLE_RATE, 1, 2), form  # the digest says so
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")
