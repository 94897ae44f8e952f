"""Sentences and documents: read, cut into parts, turned into ids of words."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from jlstm.data import Labelled, Vocab, encode_words, load_imdb, load_sentences
from jlstm.data.imdb import review_words
from jlstm.data.lines import Texts, path_only, read_lines_of
from jlstm.data.parts import cut_rows, told_groups
from jlstm.data.sentences import fold_parts, ten_folds
from jlstm.data.sheet.given import sources_of
from jlstm.data.sst import load_sst, phrases, whole_sentences
from jlstm.data.tokenize import tokenize
from jlstm.data.words import word_vocab
from jlstm.tasks.classification.data import Data, DataConfig, Part, Prep
from jlstm.tasks.classification.labelled import read_texts
from jlstm.tasks.classification.labels import say_parts, target_of
from jlstm.training.experiment import Loaded

NAMES = {
    "sst2": ("negative", "positive"),
    "sst5": ("very negative", "negative", "neutral", "positive", "very positive"),
    "mr": ("negative", "positive"),
    "subj": ("subjective", "objective"),
    "cr": ("negative", "positive"),
    "mpqa": ("negative", "positive"),
    "imdb": ("negative", "positive"),
}
Parts = dict[str, Labelled]


def load_texts(config: DataConfig) -> Data:
    """Read a data set of words."""
    parts, classes = _read(config)
    parts = {name: _shortened(part, config.length) for name, part in parts.items()}
    parts["train"] = _limited(parts["train"], config)
    vocab = word_vocab(
        parts["train"].sentences,
        min_count=config.min_count,
        max_size=config.max_vocab and config.max_vocab + 2,
    )
    named = {"train": "train", "valid": "dev", "test": "test"}
    read = {name: encoded(vocab, parts[own]) for name, own in named.items()}
    target = target_of(parts["train"].labels, classes)
    return Loaded(Prep(classes, vocab, target=target), read)


def read_new(source: Texts, prep: Prep, config: DataConfig, labelled: bool) -> Part:
    """Read texts with the vocabulary and the classes of a run.

    Args:
        source: the path of a table as ``labelled_text`` is one, or, without labels,
            of a text in each line, or texts.
        prep: of the run.
        config: how texts are cut, and the columns of a table.
        labelled: whether there are labels.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError: a line has no text, or a class that the run does not know; or a
            table is given where texts are read, whose classes would be words.
    """
    assert prep.vocab is not None  # of a run on texts
    if labelled:
        options = config.text, config.label, prep.classes
        known = read_texts(path_only(source), *options, kind=prep.problem_type)
        print(known.read, flush=True)
        return encoded(prep.vocab, _shortened(known.labelled, config.length))
    lines, place = read_lines_of(source)
    _check_no_table(source, lines)
    sentences = tuple(tokenize(line, "en") for line in lines)
    if not all(sentences):
        raise ValueError(
            f"{place} {1 + sentences.index(())} has no word: give a text in each line."
        )
    new = Labelled(sentences, np.zeros(len(lines), int))
    return encoded(prep.vocab, _shortened(new, config.length))


def _check_no_table(source: Texts, lines: Sequence[str]) -> None:
    """Raise where a file is a table: its header and classes would be read as text."""
    if not isinstance(source, str | os.PathLike):
        return
    name = os.fspath(source).removesuffix(".gz").lower()
    if name.endswith((".csv", ".tsv")) or any("\t" in line for line in lines):
        raise ValueError(
            f"{os.fspath(source)} is a table: give a file with a text alone in each "
            "line; a table with classes can be scored."
        )


def read_labelled_text(path: str | Path) -> tuple[Labelled, tuple[str, ...]]:
    r"""Read labelled texts: columns between tabs, or CSV; see ``labelled.py``.

    Classes may be any words; they are numbered in the order of their names.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError: a line has no class, or there is only one class.

    Example:
        >>> import os, tempfile
        >>> name = os.path.join(tempfile.mkdtemp(), "a.txt")
        >>> _ = Path(name).write_text("good\tA rose!\nbad\tA thorn.\n")
        >>> read_labelled_text(name)[0].sentences
        (('a', 'rose', '!'), ('a', 'thorn', '.'))
        >>> read_labelled_text(name)[1]
        ('bad', 'good')
    """
    return read_texts(path)[:2]


def random_parts(labelled: Labelled, shares: dict[str, float], seed: int) -> Parts:
    """Cut examples into parts at random; what the shares leave is ``train``.

    Example:
        >>> sentences = (("a",), ("b",), ("c",), ("d",))
        >>> labelled = Labelled(sentences, np.array([0, 1, 0, 1]))
        >>> parts = random_parts(labelled, {"dev": 0.25, "test": 0.25}, seed=0)
        >>> {name: len(part.labels) for name, part in parts.items()}
        {'dev': 1, 'test': 1, 'train': 2}
    """
    rows = np.random.default_rng(seed).permutation(len(labelled.labels))
    parts, start = {}, 0
    for name, share in shares.items():
        stop = start + max(1, round(share * len(rows)))
        parts[name] = labelled.take(rows[start:stop])
        start = stop
    return parts | {"train": labelled.take(rows[start:])}


def _read(config: DataConfig) -> tuple[Parts, tuple[str, ...]]:
    if config.name == "labelled_text":
        return _own(config)
    if config.name == "imdb":
        return _imdb(config), NAMES["imdb"]
    if config.name in ("sst2", "sst5"):
        return _sst(config), NAMES[config.name]
    labelled = load_sentences(config.name)["all"]
    folds = ten_folds(labelled.sentences, seed=config.seed)
    return fold_parts(labelled, folds, config.fold), NAMES[config.name]


def _own(config: DataConfig) -> tuple[Parts, tuple[str, ...]]:
    """Read a user's files; what has no file of its own is a share of the first."""
    others = {"valid": config.valid_path, "test": config.test_path}
    sources = sources_of(config.path, config.function, **others)
    columns, kind = (config.text, config.label), config.problem_type
    whole = read_texts(sources.pop("train"), *columns, group=config.group, kind=kind)
    print(whole.read, flush=True)
    kind = "classification" if whole.classes else "regression"
    parts: Parts = {}
    for name, source in sources.items():
        own = read_texts(source, *columns, whole.classes, kind=kind)
        print(own.read, flush=True)
        parts["dev" if name == "valid" else name] = own.labelled
    shares = {"dev": config.valid_fraction, "test": config.test_fraction}
    shares = {name: share for name, share in shares.items() if name not in parts}
    labels = whole.labelled.labels
    strata = labels if whole.classes else np.zeros(len(labels), int)
    rows = cut_rows(strata, shares, config.seed, whole.groups)
    parts |= {name: whole.labelled.take(own) for name, own in rows.items()}
    say_parts({n: parts[n].labels for n in ("train", "dev", "test")}, whole.classes)
    if whole.groups is not None:
        print(told_groups(rows, whole.groups), flush=True)
    return parts, whole.classes


def _sst(config: DataConfig) -> Parts:
    trees, binary = load_sst(), config.name == "sst2"
    parts = {part: whole_sentences(own, binary=binary) for part, own in trees.items()}
    if config.phrases:
        parts["train"] = phrases(trees["train"], binary=binary)
    return parts


def _imdb(config: DataConfig) -> Parts:
    reviews = load_imdb()
    whole = {
        part: Labelled(tuple(map(review_words, own.texts)), own.labels)
        for part, own in reviews.items()
    }
    cut = random_parts(whole["train"], {"dev": config.valid_fraction}, config.seed)
    return cut | {"test": whole["test"]}


def _shortened(part: Labelled, length: int | None) -> Labelled:
    """Keep the last words of each sentence: a review ends with its verdict."""
    if length is None:
        return part
    return Labelled(tuple(words[-length:] for words in part.sentences), part.labels)


def _limited(train: Labelled, config: DataConfig) -> Labelled:
    if config.limit_train is None:
        return train
    rows = np.random.default_rng(config.seed).permutation(len(train.labels))
    return train.take(rows[: config.limit_train])


def encoded(vocab: Vocab, part: Labelled) -> Part:
    """Return labelled sentences with the ids of their words."""
    ids = [encode_words(vocab, words) for words in part.sentences]
    return Part(ids, part.labels, part.sentences)
