"""Files with one word per line: which columns they have, the same in all lines."""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Sequence, Sized
from typing import NamedTuple

from jlstm.data.sheet.numbers import whole
from jlstm.data.text import read_table_text

_ID = re.compile(r"\d+(-\d+|\.\d+)?")
_SLASHED = re.compile(r"[^/\s]+/[^/\s]+|/+/\S+")
_SCORED = re.compile(r"\S+_[A-Z$.,:'`]+")
CONLLU_WIDTH = 10
BETWEEN = "-DOCSTART-"
"""How a line between documents begins."""


class WordRow(NamedTuple):
    """The cells of a line, and its number."""

    line: int
    cells: list[str]


Sentences = list[list[WordRow]]


def read_rows(path: object) -> Sentences:
    """Read sentences of one word per line, with columns between tabs or blanks.

    Lines that begin with ``-DOCSTART-`` are left out, and comments.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError: lines differ in their number of columns, as those of running text
            do, or a cell is empty.
    """
    lines = read_table_text(str(path)).split("\n")
    tabs, between = _has_tabs(lines), no_words(lines)
    sentences = _grouped(
        (n, "" if one.startswith(BETWEEN) else one)
        for n, one in enumerate(lines, start=1)
        if n not in between or one.startswith(BETWEEN)
    )
    found = [[WordRow(n, _cells(one, tabs)) for n, one in group] for group in sentences]
    if not found:
        raise ValueError(f"{path} has no sentence: give a file with one word per line.")
    _check_rows([row for group in found for row in group], path)
    return found


def no_words(lines: Sequence[str]) -> dict[int, str]:
    """Return the numbers of lines that hold no word, and what they are instead.

    A line that begins with ``#`` is a comment where it has other columns than most.

    Example:
        >>> no_words(["# page", "a DT O", "# NN O", "-DOCSTART- O"])
        {1: '#', 4: '-DOCSTART-'}
    """
    tabs = _has_tabs(lines)
    words = [one for one in lines if one.strip() and not one.startswith(("#", BETWEEN))]
    widths = Counter(len(_cells(line, tabs)) for line in words)
    usual = widths.most_common(1)[0][0] if widths else 0
    found = {}
    for n, line in enumerate(lines, start=1):
        if line.startswith(BETWEEN):
            found[n] = BETWEEN
        elif line.startswith("#") and len(_cells(line, tabs)) != usual:
            found[n] = "#"
    return found


def read_conllu_rows(path: object) -> Sentences:
    """Read the words of CoNLL-U: no comments, ranges (3-4) or empty nodes (5.1).

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError: lines differ in their number of columns, or there are none.
    """
    lines = enumerate(read_table_text(str(path)).split("\n"), start=1)
    groups = _grouped((n, one) for n, one in lines if not _is_comment(one))
    found = [[WordRow(n, one.split("\t")) for n, one in group] for group in groups]
    if not found:
        raise ValueError(f"{path} has no sentence: give a file with one word per line.")
    every = [row for group in found for row in group]
    _check_widths(every, path, least=4)
    for group in found:
        _check_ids(group, path)
    words = [
        [row for row in group if set("-.").isdisjoint(row.cells[0])] for group in found
    ]
    if not any(words):
        raise ValueError(f"{path} has ranges and empty nodes alone: give words.")
    return [group for group in words if group]


def is_conllu(path: object) -> bool:
    """Whether most lines of a file have the ten columns of CoNLL-U, by their content.

    Raises:
        FileNotFoundError, ValueError: the file cannot be read.
    """
    lines = read_table_text(str(path)).split("\n")
    rows = [one.split("\t") for one in lines if one.strip() and not _is_comment(one)]
    alike = sum(
        len(row) == CONLLU_WIDTH and _ID.fullmatch(row[0]) is not None for row in rows
    )
    return alike > len(rows) / 2


def scheme_of(tags: set[str]) -> str:
    """Return how tags mark the ends of chunks; empty where they mark none.

    Example:
        >>> scheme_of({"O", "B-PER", "I-PER"}), scheme_of({"O", "U-PER", "B-PER"})
        ('IOB', 'BIOUL')
        >>> scheme_of({"NOUN", "VERB"})
        ''
    """
    signs = {tag.partition("-")[0] for tag in tags if "-" in tag}
    if not signs or not all("-" in tag or tag == "O" for tag in tags):
        return ""
    for letters, name in (("BIES", "IOBES"), ("BILU", "BIOUL"), ("BMES", "BMES")):
        if signs <= set(letters) and signs & set("ESLUM"):
            return name
    return "IOB" if signs <= {"B", "I"} else ""


def described(path: object, sentences: Sized, tags: list[str], scheme: str) -> str:
    """Return one line that says what was read.

    Args:
        path: of the file.
        sentences: of it.
        tags: of all words.
        scheme: how tags mark chunks; empty where they mark none.
    """
    counts = Counter(tags)
    few = ", ".join(name for name, _ in counts.most_common(8))
    chunks = f", chunks as {scheme}" if scheme else ""
    return (
        f"read {str(path).split('/')[-1]}: {len(sentences)} sentences, {len(tags)} "
        f"words, {len(counts)} tags ({few}{', …' * (len(counts) > 8)}){chunks}"
    )


def check_columns(sentences: Sentences, path: object, **columns: int) -> dict[str, int]:
    """Return the places of columns, those that count from the end made positive.

    Raises:
        ValueError: there is no such column, or the words only count the lines.
    """
    width = len(sentences[0][0].cells)
    for name, number in columns.items():
        if not -width <= number < width:
            raise ValueError(
                f"{path} has {width} columns, and data.{name} is {number}: give one "
                f"from 0 to {width - 1}, or from -{width} to -1 counted from the end."
            )
    places = {name: number % width for name, number in columns.items()}
    word = places.get("word", 0)
    if (
        all(
            row.cells[word] == str(n)
            for group in sentences[:50]
            for n, row in enumerate(group, start=1)
        )
        and sum(map(len, sentences)) > 1
    ):
        raise ValueError(
            f"{path} counts the words in column {word}: set data.word to the column "
            "that holds them."
        )
    return places


def check_tags(tags: list[str], path: object, name: str) -> None:
    """Refuse tags from which nothing can be learnt.

    Raises:
        ValueError: all are ``_``, which stands for none, or nearly each word has a tag
            of its own.
    """
    kinds = len(set(tags))
    if set(tags) <= {"_"}:
        raise ValueError(
            f"{path} has no tags in column {name}, where each word has '_': choose "
            "another column."
        )
    if len(tags) >= 20 and kinds > len(tags) / 2:
        raise ValueError(
            f"{path} has {kinds} different tags for {len(tags)} words in column "
            f"{name}, such as {tags[0]!r}: choose the column of the tags, and give one "
            "word per line."
        )


def _grouped(lines: Iterable[tuple[int, str]]) -> list[list[tuple[int, str]]]:
    """Return the runs of lines that are not empty."""
    pairs = itertools.groupby(lines, lambda pair: bool(pair[1].strip()))
    return [[*group] for full, group in pairs if full]


def _is_comment(line: str) -> bool:
    return line.startswith("#") and "\t" not in line


def _has_tabs(lines: Sequence[str]) -> bool:
    kept = [line for line in lines if line.strip()]
    return sum("\t" in line for line in kept) > len(kept) / 2


def _cells(line: str, tabs: bool) -> list[str]:
    if tabs:
        return [cell.strip(" ") for cell in line.split("\t")]
    return re.split(r"[ \t]+", line.strip(" \t"))


def _check_rows(rows: list[WordRow], path: object) -> None:
    cells = [cell for row in rows for cell in row.cells]
    for form, sign in ((_SLASHED, "/"), (_SCORED, "_")):
        if sum(form.fullmatch(cell) is not None for cell in cells) > 0.8 * len(cells):
            raise ValueError(
                f"{path}, line {rows[0].line} has words with their tags such as "
                f"{cells[0][:40]!r}: write one word per line, a blank in place of "
                f"{sign!r}, and an empty line between sentences."
            )
    _check_widths(rows, path, least=2)
    empty = next((row for row in rows if not all(row.cells)), None)
    if empty is not None:
        raise ValueError(
            f"{path}, line {empty.line} has an empty column: give each word all its "
            "columns."
        )


def _check_widths(rows: list[WordRow], path: object, least: int) -> None:
    width = Counter(len(row.cells) for row in rows).most_common(1)[0][0]
    odd = next((row for row in rows if len(row.cells) != width), None)
    if odd is None and width >= least:
        return
    row = rows[0] if odd is None else odd
    text = " ".join(row.cells)
    wanted = f"most lines have {width}" if odd else f"{least} or more are wanted"
    raise ValueError(
        f"{path} has the line {text[:40]!r} with {len(row.cells)} column(s), line "
        f"{row.line}, where {wanted}: give one word per line, all lines with the same "
        "columns, an empty line between sentences, no comments."
    )


def _check_ids(group: list[WordRow], path: object) -> None:
    """Refuse sentences that no empty line keeps apart."""
    ids = [whole(row.cells[0]) for row in group]
    for row in group:
        if _ID.fullmatch(row.cells[0]) is None:
            raise ValueError(
                f"{path}, line {row.line} has {row.cells[0][:40]!r} where a word has "
                "its number: give a CoNLL-U file."
            )
    if ids.count(1) > 1:
        again = [row.line for row in group if row.cells[0] == "1"][1]
        raise ValueError(
            f"{path}, line {again} begins a sentence: put an empty line before it."
        )
