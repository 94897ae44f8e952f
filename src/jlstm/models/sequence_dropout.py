"""Where a model that reads a sequence drops, for classifiers and taggers alike."""

from dataclasses import dataclass

from jlstm.regularize import check_rate


@dataclass(frozen=True)
class SequenceDropout:
    """Where a model of sequences drops, as rates; layers have ``encoder.dropout``.

    Attributes:
        word: whole steps of the input: a word becomes the unknown one, which so
            learns to stand for what training lacks; a vector becomes zeros.
        input: single entries of what the layers read.
        output: entries of what the answer is made from.

    Example:
        >>> SequenceDropout(word=1.5)
        Traceback (most recent call last):
        ...
        ValueError: model.dropout.word: rate is 1.5; give a probability in [0, 1).
    """

    word: float = 0.0
    input: float = 0.0
    output: float = 0.0

    def __post_init__(self) -> None:
        for name in ("word", "input", "output"):
            check_rate(f"model.dropout.{name}", getattr(self, name))
