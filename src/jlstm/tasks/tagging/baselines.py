"""Baselines: the tag that training mostly gives to a word, or to a mark."""

from collections.abc import Sequence

from jlstm.data.tagging import Tagged, most_frequent_tags
from jlstm.data.words import Words
from jlstm.metrics.chunks import chunk_score
from jlstm.tasks.tagging.data import Data
from jlstm.tasks.tagging.objective import are_chunks
from jlstm.tasks.tagging.read import Part

Scores = dict[str, dict[str, dict[str, float]]]
BY_WORD, BY_MARK = "most frequent tag of the word", "most frequent tag of the mark"


def score_baselines(data: Data) -> Scores:
    """Return the metrics of each baseline on validation and test."""
    train = data.train.words
    scores: Scores = {}
    for name in (BY_WORD, BY_MARK):
        if name == BY_MARK and train.marks is None:
            continue
        seen = Tagged(_read(train, name), train.tagged.tags)
        scores[name] = {
            part: score_tags(
                own.words.tagged, most_frequent_tags(seen, _read(own.words, name))
            )
            for part, own in data.parts.items()
            if part != "train"
        }
    return scores


def score_tags(gold: Tagged, found: Sequence[Words]) -> dict[str, float]:
    """Return accuracy, and precision, recall and F1 where the tags are chunks.

    Example:
        >>> gold = Tagged((("a", "dog"),), (("B-NP", "I-NP"),))
        >>> score_tags(gold, [("B-NP", "O")])
        {'accuracy': 0.5, 'precision': 0.0, 'recall': 0.0, 'f1': 0.0}
    """
    metrics = {"accuracy": share_equal(gold.tags, found)}
    if not are_chunks({tag for tags in gold.tags for tag in tags}):
        return metrics
    return metrics | chunk_score(gold.tags, found)._asdict()


def share_equal(gold: Sequence[Words], found: Sequence[Words]) -> float:
    """Return the share of words whose tag is right."""
    pairs = [
        ours == theirs
        for some, others in zip(gold, found, strict=True)
        for ours, theirs in zip(some, others, strict=True)
    ]
    return sum(pairs) / max(len(pairs), 1)


def known_and_unknown(
    train: Tagged, gold: Tagged, found: Sequence[Words]
) -> dict[str, dict[str, float]]:
    """Return accuracy and number of the words that training has, and of the others.

    Example:
        >>> train = Tagged((("a",),), (("DET",),))
        >>> gold = Tagged((("a", "dog"),), (("DET", "NOUN"),))
        >>> known_and_unknown(train, gold, [("DET", "VERB")])["unknown"]
        {'accuracy': 0.0, 'words': 1}
    """
    seen = {word for words in train.sentences for word in words}
    counts = {"known": [0, 0], "unknown": [0, 0]}
    for words, tags, others in zip(*gold, found, strict=True):
        for word, tag, other in zip(words, tags, others, strict=True):
            count = counts["known" if word in seen else "unknown"]
            count[0] += tag == other
            count[1] += 1
    return {
        name: {"accuracy": right / max(words, 1), "words": words}
        for name, (right, words) in counts.items()
    }


def _read(part: Part, name: str) -> tuple[Words, ...]:
    if name == BY_WORD:
        return part.tagged.sentences
    assert part.marks is not None
    return part.marks
