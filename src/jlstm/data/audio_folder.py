"""A user's own sounds: a folder for each class, with recordings in it."""

import math
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Integer

from jlstm._internal.extras import brought_by

_READ = """.wav .wave .flac .ogg .oga .opus .mp3 .aif .aiff .aifc .au .snd .caf .w64
.rf64 .voc .sph .nist"""
SOUNDS = frozenset(_READ.split())
OTHER_SOUNDS = frozenset((".m4a", ".aac", ".wma", ".amr", ".mp4", ".webm", ".3gp"))


class Sounds(NamedTuple):
    """Sounds of known class.

    Attributes:
        waveforms: samples from -1 to 1, of each sound.
        labels: the number of its class.
        classes: their names.
        sample_rate: of all sounds, in Hz.
        read: one line that says what was read, and what was left out.
        files: of the sounds.
    """

    waveforms: tuple[Float32[np.ndarray, " n"], ...]
    labels: Integer[np.ndarray, " n"]
    classes: tuple[str, ...]
    sample_rate: int
    read: str = ""
    files: tuple[Path, ...] = ()


def load_audio_folder(
    path: str | Path, rate: int | None = None, least: int = 2
) -> Sounds:
    """Read the recordings under ``path/CLASS/``, at any depth.

    A file with several channels gives their mean. What libsndfile reads is read: wav,
    flac, ogg, mp3, aiff and others. Hidden files and files that are no sound are left
    out and counted.

    Args:
        path: of the folder.
        rate: samples in a second that all are brought to; None keeps theirs, which
            must then be one.
        least: how many classes there must be.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: there are fewer classes, a recording lies in no folder of a class,
            is empty, damaged or of a format that is not read, or two differ in their
            sample rate.
        ModuleNotFoundError: soundfile is missing; ``jlstm[train]`` brings it.
    """
    root = Path(path)
    if not root.is_dir():
        raise FileNotFoundError(f"{root} is no folder; give one with a folder a class.")
    files, left_out = _recordings(root)
    names = [file.relative_to(root).parts[0] for file in files]
    classes = tuple(sorted(set(names)))
    if len(classes) < least:
        raise ValueError(
            f"{root} has recordings in {len(classes)} sub-folders"
            f"{_told(left_out)}; give a folder for each of two or more classes."
        )
    read = [read_sound(file) for file in files]
    rates = Counter(own for _, own in read)
    if rate is None:
        _check_rates(root, files, [own for _, own in read])
    common = rate or read[0][1]
    labels = np.array([classes.index(name) for name in names])
    line = (
        f"read {root.name}: {len(files)} recordings, {len(classes)} classes "
        f"({', '.join(classes[:12])}{', …' * (len(classes) > 12)}), {common} Hz"
        f"{_told_rates(rates, common)}{_told(left_out)}"
    )
    waveforms = tuple(resampled(one, own, common) for one, own in read)
    return Sounds(waveforms, labels, classes, common, line, tuple(files))


def resampled(
    samples: Float32[np.ndarray, " n"], rate: int, wanted: int
) -> Float32[np.ndarray, " m"]:
    """Return a sound at another sample rate.

    Args:
        samples: of the sound.
        rate: how many of them make a second.
        wanted: how many shall.

    Raises:
        ModuleNotFoundError: scipy is missing; ``jlstm[train]`` brings it.

    Example:
        >>> tone = np.sin(np.arange(8000) / 10).astype(np.float32)
        >>> resampled(tone, 8000, 4000).shape
        (4000,)
    """
    if rate == wanted:
        return samples
    with brought_by("train"):
        from scipy.signal import resample_poly
    common = math.gcd(rate, wanted)
    whole = resample_poly(samples.astype(np.float64), wanted // common, rate // common)
    return whole.astype(np.float32)


def numbers_in(sounds: Sounds, classes: tuple[str, ...], path: object) -> np.ndarray:
    """Return the number of each sound's class among those of a run.

    Raises:
        ValueError: the run does not know a class.
    """
    strange = [name for name in sounds.classes if name not in classes]
    if strange:
        raise ValueError(
            f"{path} has a class {strange[0]!r}, which the run does not know; it knows "
            f"{', '.join(classes[:12])}{', …' * (len(classes) > 12)}."
        )
    return np.array([classes.index(name) for name in sounds.classes])[sounds.labels]


def read_sound(path: Path) -> tuple[Float32[np.ndarray, " n"], int]:
    """Return the samples of a recording, from -1 to 1, and how many make a second.

    Raises:
        ValueError: the file is empty, damaged, silent of samples, or of a format that
            is not read.
        ModuleNotFoundError: soundfile is missing; ``jlstm[train]`` brings it.
    """
    if not path.stat().st_size:
        raise ValueError(f"{path} is empty: take it out, or record it again.")
    samples, rate = _decode(path)
    if not len(samples):
        raise ValueError(f"{path} holds no samples: take it out, or record it again.")
    if not np.isfinite(samples).all():
        raise ValueError(f"{path} holds samples that are no numbers: record it again.")
    return samples.mean(axis=1).astype(np.float32), rate


def read_wav(path: Path) -> tuple[Float32[np.ndarray, " n"], int]:
    """Return the samples of a wav file; as ``read_sound``."""
    return read_sound(path)


def _recordings(root: Path) -> tuple[list[Path], Counter[str]]:
    """Return the recordings below a folder, and how many files of a kind are not."""
    files, left_out = [], Counter()
    for file in sorted(one for one in root.rglob("*") if one.is_file()):
        parts, kind = file.relative_to(root).parts, file.suffix.lower()
        if any(part.startswith(".") for part in parts):
            left_out["hidden"] += 1
        elif kind in OTHER_SOUNDS:
            raise ValueError(
                f"{file} is of a format that is not read: convert it, for example by "
                f"`ffmpeg -i {file.name} {file.stem}.flac`."
            )
        elif kind not in SOUNDS:
            left_out[kind or "without ending"] += 1
        elif len(parts) == 1:
            raise ValueError(
                f"{file} lies in no folder of a class: put each recording in the "
                "folder of its class."
            )
        else:
            files.append(file)
    return files, left_out


def _told_rates(rates: Counter[int], wanted: int) -> str:
    """Return how many recordings had other rates."""
    others = {rate: count for rate, count in sorted(rates.items()) if rate != wanted}
    if not others:
        return ""
    kinds = ", ".join(f"{count} from {rate} Hz" for rate, count in others.items())
    return f", {sum(others.values())} resampled ({kinds})"


def _told(left_out: Counter[str]) -> str:
    if not left_out:
        return ""
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(left_out.items()))
    return f", {left_out.total()} file(s) left out as no recordings ({kinds})"


def _check_rates(root: Path, files: list[Path], rates: list[int]) -> None:
    usual, count = Counter(rates).most_common(1)[0]
    odd = next((n for n, rate in enumerate(rates) if rate != usual), None)
    if odd is not None:
        raise ValueError(
            f"{files[odd]} has {rates[odd]} samples per second, {count} of the "
            f"{len(files)} files in {root} have {usual}; make all files alike, for "
            f"example by `ffmpeg -i IN -ar {usual} OUT`."
        )


def _decode(path: Path) -> tuple[np.ndarray, int]:
    """Return samples by channel, from -1 to 1, and how many make a second.

    In float64, which holds the integers of every format without rounding.
    """
    with brought_by("train"):
        import soundfile
    try:
        return soundfile.read(str(path), dtype="float64", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError, TypeError, MemoryError) as error:
        # A damaged header may announce more samples than any memory holds.
        reason = " ".join(str(error).split(":")[-1].split()).rstrip(".")
        raise ValueError(
            f"{path} is no recording that can be read ({reason}): take it out, or "
            "record or convert it again."
        ) from None
