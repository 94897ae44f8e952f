"""IMDB: 50,000 film reviews, long documents, half of them for the test."""

import re
from typing import NamedTuple

import numpy as np
from jaxtyping import Integer

from jlstm.data.archive import members
from jlstm.data.fetch import fetch
from jlstm.data.tokenize import tokenize
from jlstm.data.words import Words

_PATTERN = "aclImdb/t*/[pn]*/*_*.txt"
_NAME = re.compile(r"aclImdb/(train|test)/(neg|pos)/(\d+)_(\d+)\.txt")


class Reviews(NamedTuple):
    """Reviews, whether each is favourable, and how many stars of ten it gives."""

    texts: tuple[str, ...]
    labels: Integer[np.ndarray, " n"]
    stars: Integer[np.ndarray, " n"]

    def take(self, rows: Integer[np.ndarray, " k"]) -> "Reviews":
        """Return the reviews at ``rows``."""
        texts = tuple(self.texts[row] for row in rows)
        return Reviews(texts, self.labels[rows], self.stars[rows])


def load_imdb() -> dict[str, Reviews]:
    """Return the 25,000 reviews to train on and the 25,000 of the test.

    The unfavourable ones come first, in the order of their numbers: shuffle, and take
    a validation part out of training at random. No film is in both parts, but 123
    texts are: the same words about two films.

    Raises:
        FileNotFoundError, ValueError: as ``jlstm.data.fetch``.
    """
    found: dict[str, list[tuple[int, int, int, str]]] = {"train": [], "test": []}
    for name, content in members(fetch("imdb")["reviews"], _PATTERN):
        match = _NAME.fullmatch(name)
        assert match is not None  # the pattern says so
        part, side, number, stars = match.groups()
        row = int(side == "pos"), int(number), int(stars), content.decode("utf-8")
        found[part].append(row)
    return {part: _reviews(sorted(rows)) for part, rows in found.items()}


def review_words(text: str) -> Words:
    """Cut a review into words; its line breaks, ``<br />``, are left out.

    Example:
        >>> review_words("Great film.<br /><br />It's fun!")
        ('great', 'film', '.', 'it', "'s", 'fun', '!')
    """
    return tokenize(text.replace("<br />", " "), "en")


def _reviews(rows: list[tuple[int, int, int, str]]) -> Reviews:
    labels, _, stars, texts = zip(*rows, strict=True)
    return Reviews(tuple(texts), np.array(labels), np.array(stars))
