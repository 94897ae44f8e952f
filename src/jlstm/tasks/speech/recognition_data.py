"""The utterances of a run: sounds made into features, and what is said in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from jlstm._internal.options import Count, Options, Size
from jlstm.data import DigitString, StringConfig, digit_strings, load_fsdd
from jlstm.data.audio import AugmentConfig, LogMelConfig, change_speed, extract_log_mel
from jlstm.data.speech import official_split, speaker_split
from jlstm.data.synthetic.phones import PhoneConfig, phone_strings
from jlstm.tasks.speech.played import Recorded
from jlstm.tasks.speech.recognition_objective import ErrorRate, Utterances
from jlstm.training.experiment import Loaded

Name = Literal["fsdd_strings", "phones"]
RATES: dict[Name, ErrorRate] = {"fsdd_strings": "wer", "phones": "per"}
"""What the share of wrong symbols is called."""


@dataclass(frozen=True)
class DataConfig(Options):
    """Which utterances.

    Attributes:
        name: strings of spoken digits, or made-up phones.
        train: how many to learn from.
        valid: how many choose the best epoch.
        test: how many to report on.
        strings: how digits are put together.
        speaker: whom only the test hears; ``None`` takes the official split.
        phones: how made-up phones sound.
        seed: of all that is drawn.
    """

    name: Name = "fsdd_strings"
    train: Size = 3_000
    valid: Size = 300
    test: Size = 500
    strings: StringConfig = StringConfig()
    speaker: str | None = None
    phones: PhoneConfig = PhoneConfig()
    seed: Count = 0


@dataclass(frozen=True)
class Prep:
    """What a recognizer knows of its data.

    Attributes:
        symbols: how each is written, from symbol 1 on.
        input_size: features of a frame.
        hop: seconds from a frame to the next; ``None`` where frames have no duration.
    """

    symbols: tuple[str, ...]
    input_size: int
    hop: float | None


Data = Loaded[Prep, Utterances]


def load(config: DataConfig, front: LogMelConfig, augment: AugmentConfig) -> Data:
    """Make the utterances.

    Raises:
        FileNotFoundError, ValueError: the recordings are not there, or an option does
            not fit them.
    """
    if config.name == "phones":
        return _phones(config)
    recordings = load_fsdd()
    speaker = config.speaker
    rows = (
        official_split(recordings)
        if speaker is None
        else speaker_split(recordings, speaker)
    )
    made = [
        digit_strings(
            recordings, rows[n], count, config.strings, seed=3 * config.seed + n
        )
        for n, count in enumerate((config.train, config.valid, config.test))
    ]
    train = [_played(made[0], speed) for speed in augment.speeds]
    parts = [[one for copy in train for one in copy], *map(list, made[1:])]
    said = [_features(part, front) for part in parts]
    data = _loaded(tuple("0123456789"), front.hop, said)
    sounds = [one.waveform for one in made[2]]
    return Recorded(data.prep, data.parts, waveforms=sounds, rate=front.sample_rate)


def _played(strings: Sequence[DigitString], speed: float) -> list[DigitString]:
    return [one._replace(waveform=change_speed(one.waveform, speed)) for one in strings]


def _features(strings: Sequence[DigitString], front: LogMelConfig) -> Utterances:
    features = extract_log_mel([one.waveform for one in strings], front)
    return Utterances(features, [one.digits + 1 for one in strings])


def _phones(config: DataConfig) -> Data:
    parts = [
        phone_strings(count, config.phones, seed=3 * config.seed + n)
        for n, count in enumerate((config.train, config.valid, config.test))
    ]
    said = [
        Utterances([one.features for one in part], [one.phones + 1 for one in part])
        for part in parts
    ]
    names = tuple(chr(ord("a") + n) for n in range(config.phones.phones))
    return _loaded(names, None, said)


def _loaded(
    symbols: tuple[str, ...], hop: float | None, parts: Sequence[Utterances]
) -> Data:
    prep = Prep(symbols, parts[0].features[0].shape[1], hop)
    return Loaded(prep, dict(zip(("train", "valid", "test"), parts, strict=True)))


def checksum(said: Utterances) -> list[int]:
    """Return the number of utterances and frames, and a checksum of what is said."""
    joined = np.concatenate(said.targets)
    weighted = joined * np.arange(1, len(joined) + 1)
    return [len(said.targets), sum(map(len, said.features)), int(weighted.sum())]
