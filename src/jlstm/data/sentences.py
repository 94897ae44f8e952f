"""Sentences of one class each: SST, MR, Subj, CR and MPQA, already cut into words.

MR, Subj, CR and MPQA have no split: results are means over ten folds, ``ten_folds``.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Integer

from jlstm.data.archive import read_lines
from jlstm.data.fetch import fetch
from jlstm.data.words import Labelled, Words

NAMES = ("sst2", "sst5", "mr", "subj", "cr", "mpqa")
_LATIN1 = ("mr", "subj")


def load_sentences(name: str) -> dict[str, Labelled]:
    """Return the parts of a data set of sentences.

    ``"sst2"`` and ``"sst5"`` have parts train, dev and test; ``"mr"``, ``"subj"``,
    ``"cr"`` and ``"mpqa"`` have one, all.

    Raises:
        FileNotFoundError, ValueError: as ``jlstm.data.fetch``.
    """
    if name not in NAMES:
        raise ValueError(f"name must be one of {', '.join(NAMES)}, got {name!r}.")
    encoding = "latin-1" if name in _LATIN1 else "utf-8"
    return {part: read_labelled(path, encoding) for part, path in fetch(name).items()}


def read_labelled(path: str | Path, encoding: str = "utf-8") -> Labelled:
    r"""Read a file with one sentence per line: its class, a number, then its words.

    A line without words is a sentence of length 0; CR has four, MPQA three.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError: a line has no class.

    Example:
        >>> import os, tempfile
        >>> name = os.path.join(tempfile.mkdtemp(), "a.txt")
        >>> _ = Path(name).write_text("1 a rose\n0 a thorn\n")
        >>> read_labelled(name)
        Labelled(sentences=(('a', 'rose'), ('a', 'thorn')), labels=array([1, 0]))
    """
    sentences, labels = [], []
    for number, line in enumerate(read_lines(path, encoding), start=1):
        label, _, text = line.partition(" ")
        # Not split(): a word of MR may hold a sign that Latin-1 counts as white space.
        words = tuple(word for word in text.split(" ") if word)
        if not label.isdecimal():
            raise ValueError(
                f"{path}, line {number} is {line[:40]!r}: give a class, such as 0 or "
                "1, then a space and the words of the sentence."
            )
        sentences.append(words)
        labels.append(int(label))
    return Labelled(tuple(sentences), np.array(labels, int))


def ten_folds(
    sentences: tuple[Words, ...], *, folds: int = 10, seed: int = 0
) -> Integer[np.ndarray, " n"]:
    """Give each sentence the number of the fold in which it is tested.

    All copies of a sentence are in one fold, or one would be seen in training.

    Args:
        sentences: the sentences.
        folds: how many folds of about equal size.
        seed: which of the ways to cut; the papers do not give theirs.

    Raises:
        ValueError: there are fewer distinct sentences than folds.

    Example:
        >>> ten_folds((("a",), ("b",), ("a",), ("c",)), folds=3)
        array([2, 0, 2, 1])
    """
    first = {words: None for words in sentences}
    if folds < 2 or len(first) < folds:
        raise ValueError(
            f"folds must be at least 2 and at most the number of distinct sentences, "
            f"{len(first)}, got {folds}."
        )
    numbers = np.random.default_rng(seed).permutation(len(first)) % folds
    fold_of = dict(zip(first, numbers, strict=True))
    return np.array([fold_of[words] for words in sentences])


def fold_parts(
    labelled: Labelled,
    folds: Integer[np.ndarray, " n"],
    fold: int,
) -> dict[str, Labelled]:
    """Return train, dev and test for one fold: dev is the fold after it.

    Raises:
        ValueError: there is no such fold, or only two.

    Example:
        >>> labelled = Labelled((("a",), ("b",), ("c",)), np.array([0, 1, 0]))
        >>> parts = fold_parts(labelled, np.array([2, 0, 1]), fold=2)
        >>> parts["test"].sentences, parts["dev"].sentences, parts["train"].sentences
        ((('a',),), (('b',),), (('c',),))
    """
    count = int(folds.max()) + 1
    if not 0 <= fold < count or count < 3:
        raise ValueError(
            f"fold must be from 0 to {count - 1}, of at least three folds, got {fold}."
        )
    dev = (fold + 1) % count
    masks = {
        "train": (folds != fold) & (folds != dev),
        "dev": folds == dev,
        "test": folds == fold,
    }
    return {part: labelled.take(np.flatnonzero(mask)) for part, mask in masks.items()}
