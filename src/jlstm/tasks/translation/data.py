"""A parallel corpus as an experiment has it, and as the library has it."""

from typing import NamedTuple

from jlstm.data import Vocab
from jlstm.data.bpe import Pieces
from jlstm.data.translation import Pairs, Translation, Units
from jlstm.training.experiment import Loaded


class Prep(NamedTuple):
    """What a model knows of its languages.

    Attributes:
        source: the vocabulary that is read.
        target: the vocabulary that is written.
        units: whether symbols are words or pieces of them.
        source_pieces: how words that are read are cut; None where they are not.
        target_pieces: how written ones are.
    """

    source: Vocab
    target: Vocab
    units: Units
    source_pieces: Pieces | None = None
    target_pieces: Pieces | None = None


Data = Loaded[Prep, Pairs]


def loaded(corpus: Translation) -> Data:
    """Return the parts of a corpus, and what outlives them."""
    pieces = corpus.source_pieces, corpus.target_pieces
    prep = Prep(corpus.source_vocab, corpus.target_vocab, corpus.units, *pieces)
    return Loaded(prep, corpus.parts)


def corpus_of(data: Data) -> Translation:
    """Return the corpus of which :func:`loaded` made the data."""
    return Translation(dict(data.parts), *data.prep)
