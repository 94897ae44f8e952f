"""A piano roll as sound, so that a reader of a report hears it."""

import numpy as np
from jaxtyping import Float, Integer

from jlstm.data.music import LOWEST_MIDI_NOTE
from jlstm.training.report.sound import as_wav

RATE = 11_025
"""Samples per second: enough for the fundamental tones of a piano."""
OVERTONES = (1.0, 0.4, 0.2)
FADE = 2.0
"""Seconds after which a held tone has a third of its loudness."""
RELEASE = 0.04
"""Seconds in which a tone ends, so that nothing clicks."""


def play(roll: Integer[np.ndarray, "t k"], step_seconds: float) -> bytes:
    """Return a piano roll as a WAV file of one channel and 8 bits.

    Args:
        roll: 1 for a key that sounds in a step, 0 for one that does not; the lowest is
            A0.
        step_seconds: how long a step lasts.

    Example:
        >>> roll = np.zeros((4, 88), np.uint8)
        >>> roll[:3, 48] = 1  # A4 for three quarters of a second, then silence
        >>> wav = play(roll, 0.25)
        >>> wav[:4], len(wav) // 1000
        (b'RIFF', 11)
    """
    return as_wav(samples(roll, step_seconds), RATE, bits=8)


def samples(
    roll: Integer[np.ndarray, "t k"], step_seconds: float
) -> Float[np.ndarray, " n"]:
    """Return the sound of a roll, at most 0.9 loud.

    Example:
        >>> roll = np.zeros((4, 88), np.uint8)
        >>> roll[:, 48] = 1
        >>> sound = samples(roll, 0.25)
        >>> spectrum = np.abs(np.fft.rfft(sound))
        >>> round(float(spectrum.argmax() * RATE / len(sound))), sound.max().round(1)
        (440, np.float64(0.9))
    """
    step = round(RATE * step_seconds)
    sound = np.zeros(step * len(roll))
    for key in np.flatnonzero(roll.any(axis=0)):
        edges = np.diff(np.concatenate([[0], roll[:, key] > 0, [0]]).astype(int))
        starts, stops = np.flatnonzero(edges > 0), np.flatnonzero(edges < 0)
        for start, stop in zip(starts, stops, strict=True):
            held = tone(int(key), step * int(stop - start))
            sound[step * start : step * stop] += held
    return 0.9 * sound / max(np.abs(sound).max(initial=0), 1e-9)


def tone(key: int, length: int) -> Float[np.ndarray, " n"]:
    """Return so many samples of a key that is held: A4, key 48, has 440 Hz."""
    time = np.arange(length) / RATE
    pitch = 440.0 * 2 ** ((key + LOWEST_MIDI_NOTE - 69) / 12)
    waves = [
        loud * np.sin(2 * np.pi * number * pitch * time)
        for number, loud in enumerate(OVERTONES, 1)
        if number * pitch < RATE / 2
    ]
    shape = np.exp(-time / FADE) * np.clip((time[-1] - time) / RELEASE, 0, 1)
    return np.sum(waves, axis=0) * shape
