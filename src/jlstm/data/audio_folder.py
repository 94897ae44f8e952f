"""A user's own sounds: a folder for each class, with wav files in it."""

import wave
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Integer


class Sounds(NamedTuple):
    """Sounds of known class.

    Attributes:
        waveforms: samples from -1 to 1, of each sound.
        labels: the number of its class.
        classes: their names.
        sample_rate: of all sounds, in Hz.
    """

    waveforms: tuple[Float32[np.ndarray, " n"], ...]
    labels: Integer[np.ndarray, " n"]
    classes: tuple[str, ...]
    sample_rate: int


def load_audio_folder(path: str | Path) -> Sounds:
    """Read ``path/CLASS/*.wav``; a file with several channels gives their mean.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: there are not two classes, a file is no wav file of 8, 16 or 32 bit
            integers, or two files differ in their sample rate.
    """
    root = Path(path)
    if not root.is_dir():
        raise FileNotFoundError(f"{root} is no folder; give one with a folder a class.")
    files = sorted(root.glob("*/*.wav"))
    classes = tuple(sorted({file.parent.name for file in files}))
    if len(classes) < 2:
        raise ValueError(
            f"{root} has wav files in {len(classes)} sub-folders; give a folder for "
            "each of two or more classes."
        )
    read = [read_wav(file) for file in files]
    for file, (_, rate) in zip(files, read, strict=True):
        if rate != read[0][1]:
            raise ValueError(
                f"{file} has {rate} samples a second, {files[0]} {read[0][1]}; make "
                "all files alike."
            )
    labels = np.array([classes.index(file.parent.name) for file in files])
    return Sounds(tuple(one for one, _ in read), labels, classes, read[0][1])


def read_wav(path: Path) -> tuple[Float32[np.ndarray, " n"], int]:
    """Return the samples of a wav file, from -1 to 1, and how many make a second.

    Raises:
        ValueError: it is no wav file, or its samples are not integers of 8, 16 or 32
            bit.
    """
    try:
        with wave.open(str(path)) as file:
            width, channels = file.getsampwidth(), file.getnchannels()
            rate, content = file.getframerate(), file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{path} is no wav file that can be read: {error}.") from None
    if width not in (1, 2, 4):
        raise ValueError(
            f"{path} has samples of {8 * width} bit; convert it to 16 bit integers."
        )
    kind = {1: "u1", 2: "<i2", 4: "<i4"}[width]
    whole = np.frombuffer(content, kind).astype(np.float64).reshape(-1, channels)
    centered = whole.mean(axis=1) - (128 if width == 1 else 0)
    return (centered / 2 ** (8 * width - 1)).astype(np.float32), rate
