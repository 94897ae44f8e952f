"""Made-up phones: a small corpus for CTC whose sounds need what comes after them."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Integer

from jlstm._internal.options import NotNegative, Options, Size


@dataclass(frozen=True)
class PhoneConfig(Options):
    """How made-up utterances sound.

    Attributes:
        phones: how many there are, an even number.
        features: of a frame.
        least: the fewest phones in an utterance.
        most: the most.
        shortest: the fewest frames of a phone.
        longest: the most.
        noise: standard deviation of the noise on each feature.
    """

    phones: Size = 6
    features: Size = 8
    least: Size = 3
    most: Size = 8
    shortest: Size = 4
    longest: Size = 8
    noise: NotNegative = 0.8

    def __post_init__(self) -> None:
        if self.phones < 2 or self.phones % 2:
            raise ValueError(
                f"phones.phones is {self.phones}; give an even number of 2 or more."
            )
        for low, high in (("least", "most"), ("shortest", "longest")):
            few, many = getattr(self, low), getattr(self, high)
            if not 1 <= few <= many:
                raise ValueError(
                    f"phones.{low} and phones.{high} must be 1 <= {low} <= {high}, got "
                    f"{few} and {many}."
                )
        if self.shortest < 2:
            raise ValueError(
                f"phones.shortest is {self.shortest}; a phone has two halves: give 2 "
                "or more frames."
            )


class PhoneString(NamedTuple):
    """An utterance, and its phones in order, from 0."""

    features: Float32[np.ndarray, "t x"]
    phones: Integer[np.ndarray, " n"]


def phone_strings(
    count: int, config: PhoneConfig, *, seed: int
) -> tuple[PhoneString, ...]:
    """Make utterances of phones.

    Phones come in pairs that begin alike: only the second half of a sound tells them
    apart, so a network that reads forward must wait for it, and one that reads both
    ways need not. The sounds are the same for every seed; the n-th utterance depends on
    the seed and n only.

    Example:
        >>> one, two = phone_strings(2, PhoneConfig(), seed=0)
        >>> 3 <= len(one.phones) <= 8, one.features.shape[1]
        (True, 8)
    """
    sounds = _sounds(config)
    rngs = (np.random.default_rng((seed, n)) for n in range(count))
    return tuple(_utter(sounds, config, rng) for rng in rngs)


def _sounds(config: PhoneConfig) -> Float32[np.ndarray, "p 2 x"]:
    """Return the two halves of each phone; those of a pair share the first."""
    rng = np.random.default_rng(1997)
    size = config.features
    first = rng.standard_normal((config.phones // 2, size), np.float32)
    second = rng.standard_normal((config.phones, size), np.float32)
    return np.stack([np.repeat(first, 2, axis=0), second], axis=1)


def _utter(
    sounds: Float32[np.ndarray, "p 2 x"], config: PhoneConfig, rng: np.random.Generator
) -> PhoneString:
    phones = rng.integers(len(sounds), size=rng.integers(config.least, config.most + 1))
    pieces = []
    for phone in phones:
        frames = rng.integers(config.shortest, config.longest + 1)
        halves = (2 * np.arange(frames) >= frames).astype(int)
        pieces.append(sounds[phone, halves])
    clean = np.concatenate(pieces)
    noise = rng.standard_normal(clean.shape, np.float32)
    return PhoneString(clean + np.float32(config.noise) * noise, phones)
