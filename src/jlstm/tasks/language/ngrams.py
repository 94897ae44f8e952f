"""Baselines: n-gram models of a corpus, counted again for every run."""

from functools import partial

from jlstm.data import Corpus
from jlstm.training.baselines import (
    kneser_ney_bigram_nll,
    unigram_nll,
    witten_bell_nll,
)

Scores = dict[str, dict[str, float]]
"""Mean nats per symbol, by model and part (``"valid"``, ``"test"``)."""


def count_ngrams(corpus: Corpus) -> Scores:
    """Return the mean nats per symbol of n-gram models on the held-out parts.

    Words get the unigram and the Kneser-Ney bigram, characters Witten-Bell models whose
    contexts have 2 to 5 characters.
    """
    size = len(corpus.vocab)
    models = {"unigram": partial(unigram_nll, vocab_size=size)}
    if corpus.vocab.level == "word":
        models["KN bigram"] = partial(kneser_ney_bigram_nll, vocab_size=size)
    else:
        for order in (2, 3, 4, 5):
            model = partial(witten_bell_nll, order=order, vocab_size=size)
            models[f"n-gram, order {order}"] = model
    parts = {"valid": corpus.valid, "test": corpus.test}
    return {
        name: {
            part: model(corpus.train, ids)
            for part, ids in parts.items()
            if ids is not None
        }
        for name, model in models.items()
    }
