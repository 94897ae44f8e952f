"""Baselines: n-grams of the target, and translation word by word."""

import numpy as np

from jlstm.data.translation import Translation
from jlstm.data.words import Words
from jlstm.training.baselines import kneser_ney_bigram_nll, unigram_nll
from jlstm.training.baselines.dictionary import fit_dictionary


def count_ngrams(corpus: Translation, part: str) -> dict[str, float]:
    """Return the mean nats per word of n-grams that never see the source."""
    size = len(corpus.target_vocab)
    train, held_out = (
        np.concatenate(corpus.parts[name].targets) for name in ("train", part)
    )
    return {
        "unigram": unigram_nll(train, held_out, vocab_size=size),
        "KN bigram": kneser_ney_bigram_nll(train, held_out, vocab_size=size),
    }


def write_by_dictionary(corpus: Translation, part: str) -> list[Words]:
    """Return translations word by word, in the order of the source."""
    train = corpus.parts["train"]
    sizes = len(corpus.source_vocab), len(corpus.target_vocab)
    best = fit_dictionary(train.sources, [t[:-1] for t in train.targets], *sizes)
    symbols = corpus.target_vocab.symbols
    return [
        tuple(symbols[word] for word in best[ids] if word >= 0)
        for ids in corpus.parts[part].sources
    ]
