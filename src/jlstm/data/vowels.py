"""Japanese Vowels: which of nine men said a vowel, from its 12 cepstral coefficients.

The files are in the ``.ts`` format, which ``read_ts`` reads where no value is missing
and no time stamps are given.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Integer

from jlstm.data.archive import read_lines
from jlstm.data.fetch import fetch


class LabelledSeries(NamedTuple):
    """Series of several dimensions, each of its own length and of one class."""

    sequences: tuple[Float32[np.ndarray, "t d"], ...]
    labels: Integer[np.ndarray, " n"]
    classes: tuple[str, ...]


def load_japanese_vowels() -> dict[str, LabelledSeries]:
    """Return the parts train (270 utterances) and test (370).

    Raises:
        FileNotFoundError, ValueError: as ``jlstm.data.fetch``.
    """
    return {part: read_ts(path) for part, path in fetch("japanese_vowels").items()}


def read_ts(path: str | Path) -> LabelledSeries:
    r"""Read a ``.ts`` file: dimensions between colons, values between commas.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError: the file names no classes, has no data, or a line is not as it
            says.

    Example:
        >>> import os, tempfile
        >>> name = os.path.join(tempfile.mkdtemp(), "a.ts")
        >>> _ = Path(name).write_text("@classLabel true u v\n@data\n1,2:3,4:v\n")
        >>> read_ts(name).sequences[0]
        array([[1., 3.],
               [2., 4.]], dtype=float32)
    """
    lines = [line.strip() for line in read_lines(path)]
    header = [line.split() for line in lines if line.startswith("@")]
    named = [words[2:] for words in header if words[0].lower() == "@classlabel"]
    data = [line for line in lines if line and line[0] not in "@#"]
    if not named or not named[0] or not data:
        raise ValueError(
            f"{path} is no .ts file of classes: give one with a line '@classLabel true "
            "...' that names them, and lines of data."
        )
    classes = tuple(named[0])
    pairs = [_series(path, line, classes) for line in data]
    sequences, labels = zip(*pairs, strict=True)
    return LabelledSeries(sequences, np.array(labels), classes)


def _series(
    path: str | Path, line: str, classes: tuple[str, ...]
) -> tuple[Float32[np.ndarray, "t d"], int]:
    *dimensions, label = line.split(":")
    try:
        rows = [np.array(one.split(","), np.float32) for one in dimensions]
        return np.stack(rows, axis=1), classes.index(label)
    except ValueError:
        raise ValueError(
            f"{path} has the line {line[:20]!r}...{line[-20:]!r}: give dimensions of "
            f"one length and a class of {', '.join(classes)}; values must not miss."
        ) from None
