"""A user's own sounds: a folder for each class, with recordings in it."""

import struct
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Integer

_READ = """.wav .wave .flac .ogg .oga .opus .mp3 .aif .aiff .aifc .au .snd .caf .w64
.rf64 .voc .sph .nist"""
SOUNDS = frozenset(_READ.split())
OTHER_SOUNDS = frozenset((".m4a", ".aac", ".wma", ".amr", ".mp4", ".webm", ".3gp"))
_INTEGERS, _FLOATS, _EXTENSIBLE = 1, 3, 0xFFFE
_KINDS = {(_INTEGERS, 1): "u1", (_INTEGERS, 2): "<i2", (_INTEGERS, 4): "<i4"}
_KINDS |= {(_FLOATS, 4): "<f4", (_FLOATS, 8): "<f8"}


class Sounds(NamedTuple):
    """Sounds of known class.

    Attributes:
        waveforms: samples from -1 to 1, of each sound.
        labels: the number of its class.
        classes: their names.
        sample_rate: of all sounds, in Hz.
        read: one line that says what was read, and what was left out.
    """

    waveforms: tuple[Float32[np.ndarray, " n"], ...]
    labels: Integer[np.ndarray, " n"]
    classes: tuple[str, ...]
    sample_rate: int
    read: str = ""


def load_audio_folder(path: str | Path) -> Sounds:
    """Read the recordings under ``path/CLASS/``, at any depth.

    A file with several channels gives their mean. Wav files of integers and floats
    need no library; what else libsndfile reads (flac, ogg, mp3, aiff, ...) needs
    soundfile. Hidden files and files that are no sound are left out and counted.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: there are not two classes, a recording lies in no folder of a class,
            is empty, damaged or of a format that is not read, or two differ in their
            sample rate.
    """
    root = Path(path)
    if not root.is_dir():
        raise FileNotFoundError(f"{root} is no folder; give one with a folder a class.")
    files, left_out = _recordings(root)
    names = [file.relative_to(root).parts[0] for file in files]
    classes = tuple(sorted(set(names)))
    if len(classes) < 2:
        raise ValueError(
            f"{root} has recordings in {len(classes)} sub-folders"
            f"{_told(left_out)}; give a folder for each of two or more classes."
        )
    read = [read_sound(file) for file in files]
    _check_rates(root, files, [rate for _, rate in read])
    labels = np.array([classes.index(name) for name in names])
    line = (
        f"read {root.name}: {len(files)} recordings, {len(classes)} classes "
        f"({', '.join(classes[:12])}{', …' * (len(classes) > 12)}), {read[0][1]} Hz"
        f"{_told(left_out)}"
    )
    return Sounds(tuple(one for one, _ in read), labels, classes, read[0][1], line)


def read_sound(path: Path) -> tuple[Float32[np.ndarray, " n"], int]:
    """Return the samples of a recording, from -1 to 1, and how many make a second.

    Raises:
        ValueError: the file is empty, damaged, silent of samples, or of a format that
            is not read.
    """
    content = path.read_bytes()
    if not content:
        raise ValueError(f"{path} is empty: take it out, or record it again.")
    found = _plain_wav(content, path) if content.startswith(b"RIFF") else None
    samples, rate = found or _by_soundfile(path)
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
            f"{files[odd]} has {rates[odd]} samples a second, {count} of the "
            f"{len(files)} files in {root} have {usual}; make all files alike, for "
            f"example by `ffmpeg -i IN -ar {usual} OUT`."
        )


def _plain_wav(content: bytes, path: Path) -> tuple[np.ndarray, int] | None:
    """Return samples by channel and their rate; None where soundfile is needed."""
    chunks = _chunks(content)
    form, data = chunks.get(b"fmt "), chunks.get(b"data")
    if content[8:12] != b"WAVE" or form is None or data is None or len(form) < 16:
        raise ValueError(f"{path} is no wav file that can be read: it is damaged.")
    tag, channels, rate, _, block, bits = struct.unpack("<HHIIHH", form[:16])
    if tag == _EXTENSIBLE and len(form) >= 26:
        tag = struct.unpack("<H", form[24:26])[0]
    if channels < 1 or rate < 1 or block != channels * ((bits + 7) // 8) or not block:
        return None
    whole = data[: len(data) // block * block]
    width = block // channels
    if (tag, width) == (_INTEGERS, 3):
        samples = _of_three_bytes(whole)
    elif (tag, width) in _KINDS and bits % 8 == 0:
        samples = np.frombuffer(whole, _KINDS[tag, width]).astype(np.float64)
    else:
        return None
    if tag == _INTEGERS:
        samples = (samples - (128 if width == 1 else 0)) / 2 ** (8 * width - 1)
    return samples.reshape(-1, channels), rate


def _chunks(content: bytes) -> dict[bytes, bytes]:
    """Return the chunks of a RIFF file; the last one may be shorter than it says."""
    found, at = {}, 12
    while at + 8 <= len(content):
        name, size = struct.unpack("<4sI", content[at : at + 8])
        found.setdefault(name, content[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    return found


def _of_three_bytes(data: bytes) -> np.ndarray:
    """Return integers of 24 bit."""
    parts = np.frombuffer(data, np.uint8).reshape(-1, 3).astype(np.int32)
    joined = parts[:, 0] | parts[:, 1] << 8 | parts[:, 2] << 16
    return ((joined ^ 0x800000) - 0x800000).astype(np.float64)


def _by_soundfile(path: Path) -> tuple[np.ndarray, int]:
    """Read what is no plain wav file."""
    try:
        import soundfile
    except ImportError:
        raise ValueError(
            f"{path} is no plain wav file: install soundfile to read it, as "
            '`pip install "jlstm[train]"` does, or convert it to wav.'
        ) from None
    try:
        samples, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError, TypeError) as error:
        reason = " ".join(str(error).split(":")[-1].split())
        raise ValueError(
            f"{path} is no recording that can be read ({reason}): take it out, or "
            "convert it to wav."
        ) from None
    return samples, rate
