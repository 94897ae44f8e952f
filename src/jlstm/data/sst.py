"""The Stanford Sentiment Treebank: sentences whose every phrase has a class.

Classes are 0 (very negative) to 4. The binary task drops class 2 and asks for the side:
0 and 1 against 3 and 4. Training on the phrases as well as on the sentences is worth
three to four points of accuracy; say which it was.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Integer

from jlstm.data.archive import read_lines
from jlstm.data.fetch import fetch
from jlstm.data.words import Labelled, Words

NEUTRAL = 2
_TRAIN = 8_544  # upstream's train.txt goes on with the dev sentences
_TOKEN = re.compile(r"\((\d) ?|\)|([^() ]+)")
_ESCAPES = {"-LRB-": "(", "-RRB-": ")"}


class Tree(NamedTuple):
    """A sentence and its phrases, the sentence itself first.

    Phrase ``n`` is ``words[starts[n] : stops[n]]`` and has the class ``labels[n]``.
    """

    words: Words
    labels: Integer[np.ndarray, " n"]
    starts: Integer[np.ndarray, " n"]
    stops: Integer[np.ndarray, " n"]


def parse_tree(line: str) -> Tree:
    r"""Read a tree such as ``(3 (2 a) (3 rose))``.

    Raises:
        ValueError: a bracket is missing or left over, or a phrase has no words.

    Example:
        >>> parse_tree("(3 (2 a) (4 (2 red) (2 rose)))").words
        ('a', 'red', 'rose')
        >>> parse_tree("(3 (2 a) (4 (2 red) (2 rose)))").labels
        array([3, 2, 4, 2, 2])
    """
    words: list[str] = []
    nodes: list[list[int]] = []  # label, start, stop
    path: list[list[int]] = []  # the nodes that are still open
    for match in _TOKEN.finditer(line):
        if match[1]:
            path.append([int(match[1]), len(words), -1])
            nodes.append(path[-1])
        elif match[2]:
            words.append(_plain(match[2]))
        elif path:
            path.pop()[2] = len(words)
        else:
            _refuse(line)
    if path or not nodes or any(start == stop for _, start, stop in nodes):
        _refuse(line)
    labels, starts, stops = np.array(nodes).T
    return Tree(tuple(words), labels, starts, stops)


def load_sst(lowercase: bool = True) -> dict[str, tuple[Tree, ...]]:
    """Return the trees of train (8,544), dev (1,101) and test (2,210).

    Args:
        lowercase: turn capital letters into small ones, as the files of whole
            sentences have them.

    Raises:
        FileNotFoundError, ValueError: as ``jlstm.data.fetch``.
    """
    lines = {part: read_lines(path) for part, path in fetch("sst_trees").items()}
    lines["train"] = lines["train"][:_TRAIN]
    if lowercase:
        lines = {part: [one.lower() for one in some] for part, some in lines.items()}
    return {part: tuple(map(parse_tree, some)) for part, some in lines.items()}


def whole_sentences(trees: Sequence[Tree], *, binary: bool) -> Labelled:
    """Return the sentences and their classes.

    Example:
        >>> trees = [parse_tree("(3 (2 a) (3 rose))"), parse_tree("(2 (2 a) (2 dog))")]
        >>> whole_sentences(trees, binary=True)
        Labelled(sentences=(('a', 'rose'),), labels=array([1]))
    """
    return _labelled([(tree.words, int(tree.labels[0])) for tree in trees], binary)


def phrases(trees: Sequence[Tree], *, binary: bool, distinct: bool = True) -> Labelled:
    """Return all phrases, the sentences among them, and their classes.

    Args:
        trees: the trees, those of training.
        binary: drop the neutral phrases and ask for the side.
        distinct: return a phrase that occurs in several places once, or once for
            each class where capitals made a difference.

    Example:
        >>> trees = [parse_tree("(3 (2 a) (4 (2 a) (3 rose)))")]
        >>> phrases(trees, binary=False).sentences
        (('a', 'a', 'rose'), ('a',), ('a', 'rose'), ('rose',))
    """
    pairs = [
        (tree.words[start:stop], int(label))
        for tree in trees
        for label, start, stop in zip(tree.labels, tree.starts, tree.stops, strict=True)
    ]
    return _labelled(list(dict.fromkeys(pairs)) if distinct else pairs, binary)


def _labelled(pairs: list[tuple[Words, int]], binary: bool) -> Labelled:
    if binary:
        pairs = [(words, int(c > NEUTRAL)) for words, c in pairs if c != NEUTRAL]
    return Labelled(
        tuple(words for words, _ in pairs), np.array([c for _, c in pairs], int)
    )


def _plain(word: str) -> str:
    """Return a word as it is written outside of a tree."""
    return _ESCAPES.get(word.upper(), word).replace("\\/", "/").replace("\\*", "*")


def _refuse(line: str) -> None:
    raise ValueError(
        f"{line[:60]!r} is not a tree: give one such as '(3 (2 a) (3 rose))', with a "
        "class and either a word or phrases in each pair of brackets."
    )
