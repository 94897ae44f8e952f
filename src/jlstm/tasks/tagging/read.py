"""The tagged sentences of a run: which files, cut into which parts."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Integer

from jlstm._internal.options import Count, Fraction, Options, Size
from jlstm.data import load_tagged
from jlstm.data.fetch import fetch
from jlstm.data.parts import check_fractions
from jlstm.data.scheme import Scheme, converted, named_scheme
from jlstm.data.sheet.words import described, is_conllu, no_words
from jlstm.data.tagging import Tagged, read_columns, read_conllu
from jlstm.data.text import read_table_text
from jlstm.data.words import Words

Name = Literal["ud_english_ewt", "conll2000", "tagged"]
POS_COLUMN = 1  # of CoNLL-2000


@dataclass(frozen=True)
class DataConfig(Options):
    """Which tagged sentences, and how their words become numbers.

    Attributes:
        name: of the data set; ``tagged`` is a file of your own.
        path: of ``tagged``: the file to learn from, CoNLL-U, or one word per line with
            columns between tabs or blanks; it may be gzipped.
        valid_path: a file that chooses the best epoch; else a share of ``path`` does.
        test_path: a file to report on; else a share of ``path`` is kept for it.
        column: of a CoNLL-U file: ``upos``, ``xpos``, ``deprel``, ...
        word: of a column file: number of the column with the words, from 0.
        tag: of a column file: number of the column with the tags; -1 is the last.
        mark: of a column file: number of a column that the model reads next to the
            word, such as parts of speech; ``None`` for none.
        scheme: of ``tagged``: how chunks are marked when they are learnt, ``IOB`` or
            ``IOBES``; None leaves them as in the file, but IOB1 becomes IOB.
        lowercase: words are embedded without case, digits as 0; the letters are read as
            they are.
        min_count: words that are rarer in training are unknown.
        letters: how many letters of a word are read: of longer ones both ends.
        valid_fraction: share of the sentences that chooses the best epoch.
        test_fraction: share of ``tagged`` that is reported on.
        limit_train: train on so many sentences only, drawn at random.
        seed: of the draws.
    """

    name: Name = "ud_english_ewt"
    path: str | None = None
    valid_path: str | None = None
    test_path: str | None = None
    column: str = "upos"
    word: int = 0
    tag: int = -1
    mark: int | None = None
    scheme: Scheme | None = None
    lowercase: bool = True
    min_count: Size = 1
    letters: Size = 16
    valid_fraction: Fraction = 0.1
    test_fraction: Fraction = 0.1
    limit_train: Size | None = None
    seed: Count = 0

    def __post_init__(self) -> None:
        self._check_paths()
        check_fractions(self.valid_fraction, self.test_fraction)
        if self.scheme is not None and self.name != "tagged":
            raise ValueError(
                f"data.scheme goes with data.name=tagged; data.name is {self.name!r}: "
                "leave it out."
            )
        if self.mark is not None and self.name == "ud_english_ewt":
            raise ValueError(
                f"data.mark is {self.mark}, but a CoNLL-U file has its columns by name "
                "and gives no marks: leave it out."
            )

    def _check_paths(self) -> None:
        if (self.path is not None) != (self.name == "tagged"):
            raise ValueError(
                "data.path goes with data.name=tagged and only with it, got "
                f"path={self.path!r} and name={self.name!r}: set or unset the path."
            )
        others = {self.valid_path, self.test_path} - {None}
        if others and self.path is None:
            raise ValueError(
                "data.valid_path and data.test_path go with data.name=tagged; "
                f"data.name is {self.name!r}: leave them out."
            )


class Part(NamedTuple):
    """Sentences with their tags, and marks where they are given."""

    tagged: Tagged
    marks: tuple[Words, ...] | None = None

    def take(self, rows: Iterable[int] | Integer[np.ndarray, " n"]) -> "Part":
        """Return the sentences at ``rows``."""
        chosen = list(rows)

        def pick(column: tuple[Words, ...]) -> tuple[Words, ...]:
            return tuple(column[row] for row in chosen)

        marks = None if self.marks is None else pick(self.marks)
        return Part(Tagged(*map(pick, self.tagged)), marks)


def read_parts(config: DataConfig) -> dict[str, Part]:
    """Return train, valid and test.

    Raises:
        FileNotFoundError, ValueError: a file is not there, or options do not fit it.
    """
    parts = _read(config)
    return parts | {"train": _limited(parts["train"], config)}


def _read(config: DataConfig) -> dict[str, Part]:
    if config.name == "ud_english_ewt":
        found = load_tagged(config.name)
        names = {"train": "train", "valid": "dev", "test": "test"}
        return {name: Part(found[own]) for name, own in names.items()}
    if config.name == "conll2000":
        return _conll2000(config)
    parts = {"train": read_file(config, config.path)}
    paths = {"valid": config.valid_path, "test": config.test_path}
    given = {name: path for name, path in paths.items() if path is not None}
    parts |= {name: read_file(config, path) for name, path in given.items()}
    shares = {"valid": config.valid_fraction, "test": config.test_fraction}
    missing = {name: shares[name] for name in shares if name not in parts}
    if missing:
        parts |= random_parts(parts["train"], missing, config.seed)
    return parts


def _conll2000(config: DataConfig) -> dict[str, Part]:
    """Read CoNLL-2000, which has no validation part: some of training becomes it."""
    if config.mark not in (None, POS_COLUMN):
        raise ValueError(
            f"data.mark is {config.mark}; conll2000 has the parts of speech in column "
            f"{POS_COLUMN}: give that or none."
        )
    tagged, paths = load_tagged("conll2000"), fetch("conll2000")

    def part(name: str) -> Part:
        if config.mark is None:
            return Part(tagged[name])
        return Part(tagged[name], read_columns(paths[name], tag=config.mark).tags)

    shares = {"valid": config.valid_fraction}
    return {"test": part("test")} | random_parts(part("train"), shares, config.seed)


def random_parts(part: Part, shares: dict[str, float], seed: int) -> dict[str, Part]:
    """Cut sentences into parts at random; what the shares leave is ``train``."""
    count = len(part.tagged.sentences)
    rows = np.random.default_rng(seed).permutation(count)
    parts, start = {}, 0
    for name, share in shares.items():
        stop = start + max(1, round(share * count))
        parts[name] = part.take(rows[start:stop])
        start = stop
    if start >= count:
        raise ValueError(f"There are {count} sentences, too few to learn from.")
    return parts | {"train": part.take(rows[start:])}


def read_file(config: DataConfig, path: str | Path | None) -> Part:
    """Read one file, and print what was found there."""
    assert path is not None  # the configuration says so
    named = str(path).removesuffix(".gz").endswith(".conllu")
    read = _conllu if named or is_conllu(path) else _columns
    part = read(config, path)
    tags = [tag for some in part.tagged.tags for tag in some]
    found = named_scheme(part.tagged.tags)
    line = described(path, part.tagged.sentences, tags, found)
    wanted = config.scheme or ("IOB" if found == "IOB1" else found)
    if config.scheme is not None and not found:
        raise ValueError(
            f"{path} has tags such as {tags[0]!r}, which mark no chunks: leave out "
            f"data.scheme={config.scheme}."
        )
    if wanted != found:
        line += f" and made {wanted}"
        changed = converted(part.tagged.tags, wanted)
        part = part._replace(tagged=part.tagged._replace(tags=changed))
    print(line + _left_out(path) * (read is _columns), flush=True)
    return part


def _left_out(path: str | Path) -> str:
    """Return how many lines of a column file hold no word."""
    counts = Counter(no_words(read_table_text(path).split("\n")).values())
    return "".join(f", {n} lines {what} left out" for what, n in counts.items())


def _conllu(config: DataConfig, path: str | Path) -> Part:
    if config.mark is not None:
        raise ValueError(
            f"data.mark is {config.mark}, but {path} is CoNLL-U, which has its columns "
            "by name and gives no marks: leave it out."
        )
    return Part(read_conllu(path, config.column))


def _columns(config: DataConfig, path: str | Path) -> Part:
    tagged = read_columns(path, config.word, config.tag)
    if config.mark is None:
        return Part(tagged)
    return Part(tagged, read_columns(path, config.word, config.mark).tags)


def _limited(train: Part, config: DataConfig) -> Part:
    if config.limit_train is None:
        return train
    count = len(train.tagged.sentences)
    rows = np.random.default_rng(config.seed).permutation(count)
    return train.take(rows[: config.limit_train])
