"""Arrays, archives, token files, vocabularies, recordings and music."""

import gzip
import io
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io

from jlstm.data import Vocab
from jlstm.data.archive import members, read_bytes, read_lines
from jlstm.data.images import read_idx
from jlstm.data.music import read_rolls
from jlstm.data.tokenfile import map_token_file, open_token_file
from jlstm.tasks.music.midi import read_midi, write_midi
from jlstm.tasks.video.stored import read_array
from tests.fuzz.reader import Reader

CLIPS = np.arange(2 * 3 * 4 * 4, dtype=np.uint8).reshape(2, 3, 4, 4)
CANARY = b"cos\nsystem\n(S'touch canary'\ntR."
"""A pickle that runs a command."""


def arrays() -> Iterator[Reader]:
    """Yield readers of what is packed or binary."""
    clips = {
        "a.npy": _saved(lambda file: np.save(file, CLIPS)),
        "b.npz": _saved(lambda file: np.savez(file, clips=CLIPS)),
        "c.npz": _saved(lambda file: np.savez_compressed(file, clips=CLIPS)),
        "d.npy": _pickled(),
    }
    yield Reader("npy and npz", clips, read_array)
    packed = gzip.compress(b"to be\nor not\n" * 9, mtime=0)
    yield Reader("gzip", {"a.txt.gz": packed}, read_lines)
    archives = {"a.zip": _zip(), "b.tar": _tar("w"), "c.tar.gz": _tar("w:gz"),
                "d.tar.xz": _tar("w:xz")}  # fmt: skip
    yield Reader("zip and tar", archives, lambda path: [*members(path, "*.txt")])
    idx = b"\0\0\x08\3\0\0\0\2\0\0\0\3\0\0\0\3" + bytes(range(18))
    yield Reader("idx", {"a": idx, "b.gz": gzip.compress(idx, mtime=0)}, read_idx)
    yield Reader("token file", {"a.tokens": _tokens()}, map_token_file)
    vocab = b'{"level": "char", "symbols": ["a", "b", "\\ufffd"]}'
    words = b'{"level": "word", "symbols": ["a", "<unk>", "dog"]}'
    yield Reader("vocabulary", {"a.json": vocab, "b.json": words}, Vocab.load)
    roll = np.zeros((4, 88), np.uint8)
    roll[:2, 39] = roll[1:, 43] = 1
    yield Reader("MIDI", {"a.mid": _written(lambda p: write_midi(p, roll))}, read_midi)
    names = "traindata", "validdata", "testdata"
    cells = np.empty((1, 1), object)
    cells[0, 0] = roll
    seeds = {
        f"{packed}.mat": _matlab(dict.fromkeys(names, cells), packed)
        for packed in (False, True)
    }
    yield Reader("MATLAB", seeds, read_rolls)


def sounds() -> Iterator[Reader]:
    """Yield the reader of recordings."""
    import soundfile

    from jlstm.data.audio_folder import read_sound

    samples = np.sin(np.arange(600) / 9).reshape(-1, 2)
    kinds = {
        "a.wav": ("WAV", "PCM_16"),
        "b.wav": ("WAV", "FLOAT"),
        "c.flac": ("FLAC", "PCM_16"),
        "d.ogg": ("OGG", "VORBIS"),
        "e.aiff": ("AIFF", "PCM_24"),
    }
    seeds = {
        name: _saved(
            lambda file, kind=kind: soundfile.write(
                file, samples, 8000, format=kind[0], subtype=kind[1]
            )
        )
        for name, kind in kinds.items()
    }
    yield Reader("recordings", seeds, read_sound)
    yield Reader(
        "gzipped bytes", {"a.wav.gz": gzip.compress(seeds["a.wav"])}, read_bytes
    )


def _saved(save: Callable[[io.BytesIO], Any]) -> bytes:
    file = io.BytesIO()
    save(file)
    return file.getvalue()


def _written(write: Callable[[Path], Any]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "a")
        return (Path(folder) / "a").read_bytes()


def _matlab(values: dict[str, Any], packed: bool) -> bytes:
    """Return a file without the time at which it was written."""
    whole = _saved(lambda file: scipy.io.savemat(file, values, do_compression=packed))
    return b"MATLAB 5.0".ljust(124) + whole[124:]


def _pickled() -> bytes:
    """Return an array of objects, whose pickle runs a command."""
    whole = _saved(lambda file: np.save(file, np.array([None]), allow_pickle=True))
    return whole[: whole.index(b"\n") + 1] + CANARY


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "to be " * 30)
        archive.writestr("../../canary.txt", "out of the folder")
    return file.getvalue()


def _tar(mode: Any) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for name in ("in/a.txt", "../canary.txt"):
            about = tarfile.TarInfo(name)
            about.size = 180
            archive.addfile(about, io.BytesIO(b"to be " * 30))
        link = tarfile.TarInfo("b.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return file.getvalue()


def _tokens() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "a.txt"
        text.write_text("to be or not to be\n" * 4)
        open_token_file(text, folder, "word")
        return next(Path(folder).glob("*.tokens")).read_bytes()
