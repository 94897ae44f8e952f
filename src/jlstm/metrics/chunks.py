"""Chunks: the spans that IOB or IOBES tags say, and how well two lists agree."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

_INSIDE = frozenset("IELM")
_SIGNS = _INSIDE | set("BSU")


class Chunk(NamedTuple):
    """A span of words of one kind, ``start`` to before ``stop``."""

    kind: str
    start: int
    stop: int


class ChunkScore(NamedTuple):
    """Shares, from 0 to 1, as conlleval reports them in per cent."""

    precision: float
    recall: float
    f1: float


def chunks_of(tags: Sequence[str]) -> tuple[Chunk, ...]:
    """Return the chunks of a sentence.

    A chunk begins at ``B-``, and, as conlleval has it, at an ``I-`` that has nothing to
    go on with: after ``O`` or another kind. ``E-``, ``L-`` and ``M-`` go on as ``I-``
    does, ``S-`` and ``U-`` are chunks of one word (IOBES, BIOUL, BMES).

    Raises:
        ValueError: a tag is neither ``O`` nor of one of these schemes.

    Example:
        >>> chunks_of(("B-NP", "I-NP", "O", "B-VP", "B-VP", "I-NP"))
        (Chunk(kind='NP', start=0, stop=2), Chunk(kind='VP', start=3, stop=4),
         Chunk(kind='VP', start=4, stop=5), Chunk(kind='NP', start=5, stop=6))
    """
    found: list[Chunk] = []
    for place, tag in enumerate(tags):
        sign, _, kind = tag.partition("-")
        if tag == "O":
            continue
        if sign not in _SIGNS or not kind:
            raise ValueError(
                f"tag {place} is {tag!r}; chunks are of the tags O, B-kind and I-kind "
                "(IOB), or with E, S, L, U and M (IOBES, BIOUL, BMES)."
            )
        last = found[-1] if found else Chunk("", 0, -1)
        if sign in _INSIDE and last.kind == kind and last.stop == place:
            found[-1] = last._replace(stop=place + 1)
        else:
            found.append(Chunk(kind, place, place + 1))
    return tuple(found)


def chunk_score(
    gold: Sequence[tuple[str, ...]], predicted: Sequence[tuple[str, ...]]
) -> ChunkScore:
    """Return precision, recall and F1 over whole chunks of all sentences.

    A chunk counts only if its kind and both its ends are right.

    Raises:
        ValueError: the two have not the same number of tags.

    Example:
        >>> chunk_score([("B-NP", "I-NP", "B-VP")], [("B-NP", "O", "B-VP")])
        ChunkScore(precision=0.5, recall=0.5, f1=0.5)
    """
    if [*map(len, gold)] != [*map(len, predicted)]:
        raise ValueError(
            "gold and predicted tags must be of the same sentences, word for word, got "
            f"{len(gold)} sentences with {sum(map(len, gold))} tags and "
            f"{len(predicted)} with {sum(map(len, predicted))}."
        )
    counts = _counts(gold, predicted)
    return _score(*(sum(each.values()) for each in counts))


def chunk_scores(
    gold: Sequence[tuple[str, ...]], predicted: Sequence[tuple[str, ...]]
) -> dict[str, dict[str, float]]:
    """Return precision, recall, F1 and support of each kind of chunk.

    Example:
        >>> chunk_scores([("B-NP", "I-NP", "B-VP")], [("B-NP", "O", "B-VP")])["VP"]
        {'precision': 1.0, 'recall': 1.0, 'f1': 1.0, 'support': 1}
    """
    counts = _counts(gold, predicted)
    kinds = sorted(set().union(*counts))
    scores = {kind: _score(*(each[kind] for each in counts)) for kind in kinds}
    return {k: own._asdict() | {"support": counts[2][k]} for k, own in scores.items()}


def _counts(
    gold: Sequence[tuple[str, ...]], predicted: Sequence[tuple[str, ...]]
) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Return how many chunks of each kind are right, were found, and were wanted."""
    counts = (Counter[str](), Counter[str](), Counter[str]())
    for theirs, ours in zip(gold, predicted, strict=True):
        truth, guess = set(chunks_of(theirs)), set(chunks_of(ours))
        for count, chunks in zip(counts, (truth & guess, guess, truth), strict=True):
            count.update(chunk.kind for chunk in chunks)
    return counts


def _score(right: int, found: int, wanted: int) -> ChunkScore:
    f1 = 2 * right / max(found + wanted, 1)
    return ChunkScore(right / max(found, 1), right / max(wanted, 1), f1)
