"""New recordings with what is said in them, to score a trained recognizer on."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jlstm.data.audio import LogMelConfig, extract_log_mel
from jlstm.data.audio_folder import load_audio_folder
from jlstm.data.lines import path_only
from jlstm.data.text import read_table_text
from jlstm.losses.ctc import steps_needed
from jlstm.tasks.speech.new_sound import sound_at_rate
from jlstm.tasks.speech.recognition_objective import Utterances

FILE = "file path audio filename file_name recording wav"
TEXT = "text transcript transcription sentence said words"


class Spoken(NamedTuple):
    """Recordings, and the text of each: symbols between blanks."""

    files: Sequence[Path]
    waveforms: Sequence[np.ndarray]
    texts: Sequence[str]


def read_spoken(
    path: str | Path, symbols: tuple[str, ...], front: LogMelConfig, join: int
) -> Utterances:
    """Read recordings with what is said in them.

    Args:
        path: of a table, CSV or TSV, whose first line names a column ``file``, of paths
            relative to the table, and a column ``text``; or of a folder with a folder
            for each text, which is its name.
        symbols: those of the run; a text has them between blanks.
        front: how sound becomes features.
        join: frames that a step of the model has.

    Raises:
        FileNotFoundError: nothing is at the path, or a recording is not there.
        ValueError: a column is missing, a file cannot be read, a text has a symbol that
            the run does not know, or a recording is too short for its text.
    """
    path = path_only(path)
    found = _of_folder(path, front) if path.is_dir() else _of_table(path, front)
    print(f"read {path.name}: {len(found.files)} recordings and texts", flush=True)
    pairs = zip(found.texts, found.files, strict=True)
    targets = [_numbers(text, symbols, file) for text, file in pairs]
    features = extract_log_mel(found.waveforms, front)
    for one, target, file in zip(features, targets, found.files, strict=True):
        _check_length(-(-len(one) // join), target, file)
    return Utterances(features, targets)


def _of_folder(path: Path, front: LogMelConfig) -> Spoken:
    sounds = load_audio_folder(path, front.sample_rate, least=1)
    texts = [sounds.classes[label] for label in sounds.labels]
    return Spoken(sounds.files, sounds.waveforms, texts)


def _of_table(path: Path, front: LogMelConfig) -> Spoken:
    rows = _rows(path)
    names = [name.strip().lower() for name in rows[0]]
    at_file, at_text = (_place(names, likely, path) for likely in (FILE, TEXT))
    files = [path.parent / row[at_file].strip() for row in rows[1:]]
    lacking = [file for file in files if not file.is_file()]
    if lacking:
        raise FileNotFoundError(
            f"{path} names {lacking[0]}, and {len(lacking)} of its {len(files)} "
            "recordings are not there: give paths relative to the table."
        )
    sounds = [sound_at_rate(file, front.sample_rate) for file in files]
    return Spoken(files, sounds, [row[at_text] for row in rows[1:]])


def _rows(path: Path) -> list[list[str]]:
    """Return the rows of a table of one width, that of the names first."""
    lines = read_table_text(path).strip("\ufeff\n").split("\n")
    sign = next((sign for sign in "\t;" if sign in lines[0]), ",")
    rows = [row for row in csv.reader(lines, delimiter=sign) if row]
    odd = next((n for n, row in enumerate(rows, 1) if len(row) != len(rows[0])), None)
    if odd is not None or len(rows) < 2:
        what = f"row {odd} has not the cells of the first" if odd else "has no rows"
        raise ValueError(f"{path}: {what}; give columns file and text, as CSV.")
    return rows


def _place(names: list[str], likely: str, path: Path) -> int:
    wanted = likely.split()
    place = next((names.index(name) for name in wanted if name in names), None)
    if place is None:
        raise ValueError(
            f"{path} has the columns {', '.join(names)}: call one of them {wanted[0]}; "
            "a table has a column file, of recordings, and a column text."
        )
    return place


def _numbers(text: str, symbols: tuple[str, ...], file: Path) -> np.ndarray:
    said = text.split()
    strange = [one for one in said if one not in symbols]
    if strange or not said:
        what = f"has {strange[0]!r}" if strange else "is empty"
        raise ValueError(
            f"The text of {file} {what}: write what is said between blanks; the run "
            f"knows {', '.join(symbols[:12])}{', …' * (len(symbols) > 12)}."
        )
    return np.array([1 + symbols.index(one) for one in said])


def _check_length(steps: int, target: np.ndarray, file: Path) -> None:
    needed = int(steps_needed(target[:, None], np.array([len(target)]))[0])
    if steps < needed:
        raise ValueError(
            f"{file} is too short for its text: it has {steps} steps, and "
            f"{len(target)} symbols need {needed}; leave it out."
        )
