"""Tags that mark chunks: from one way of marking to another."""

from collections.abc import Sequence
from typing import Literal

from jlstm.data.sheet.words import scheme_of
from jlstm.data.words import Words
from jlstm.metrics.chunks import Chunk, chunks_of

Scheme = Literal["IOB", "IOBES"]


def named_scheme(tags: Sequence[Words]) -> str:
    """Return how tags mark chunks: IOB, IOB1, IOBES, BIOUL, BMES, or not at all.

    In IOB, which is also called IOB2 or BIO, each chunk begins with ``B-``; in IOB1
    only one that follows another of its kind.

    Example:
        >>> named_scheme([("I-PER", "I-PER", "O")]), named_scheme([("B-PER", "I-PER")])
        ('IOB1', 'IOB')
        >>> named_scheme([("NOUN", "VERB")])
        ''
    """
    found = scheme_of({tag for some in tags for tag in some})
    if found == "IOB" and any(map(_begins_inside, tags)):
        return "IOB1"
    return found


def converted(tags: Sequence[Words], scheme: Scheme) -> tuple[Words, ...]:
    """Return the same chunks, marked in another way.

    Raises:
        ValueError: a tag marks no chunk.

    Example:
        >>> converted([("I-A", "I-A", "B-A", "O", "I-B")], "IOBES")
        (('B-A', 'E-A', 'S-A', 'O', 'S-B'),)
        >>> converted([("B-A", "E-A", "S-A")], "IOB")
        (('B-A', 'I-A', 'B-A'),)
    """
    return tuple(_written(chunks_of(some), len(some), scheme) for some in tags)


def _begins_inside(tags: Words) -> bool:
    return any(tags[chunk.start].startswith("I-") for chunk in chunks_of(tags))


def _written(chunks: Sequence[Chunk], words: int, scheme: Scheme) -> Words:
    tags = ["O"] * words
    for kind, start, stop in chunks:
        signs = ["B", *"I" * (stop - start - 1)]
        if scheme == "IOBES":
            signs[-1] = "E" if len(signs) > 1 else "S"
        tags[start:stop] = [f"{sign}-{kind}" for sign in signs]
    return tuple(tags)
