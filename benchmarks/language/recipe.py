"""The language models that are timed, and the tokens they read."""

from typing import NamedTuple

import numpy as np

VOCAB, BATCH, RATE, WINDOWS = 10_000, 20, 1.0, 8


class Recipe(NamedTuple):
    """Two LSTM layers over an embedding, and the softmax over all words."""

    hidden_size: int
    window: int
    dropout: float
    tied: bool
    clip: float

    @property
    def tokens(self) -> int:
        """Return the tokens of one step."""
        return BATCH * self.window


RECIPES = {
    "ptb_small": Recipe(200, 35, 0.2, True, 0.25),
    "zaremba_small": Recipe(200, 20, 0.0, False, 5.0),
    "zaremba_medium": Recipe(650, 35, 0.5, False, 5.0),
    "zaremba_large": Recipe(1500, 35, 0.65, False, 10.0),
}
"""The last three: Zaremba, Sutskever and Vinyals (2014), arXiv:1409.2329."""


def windows(recipe: Recipe) -> np.ndarray:
    """Draw token ids that follow Zipf's law: windows × (time + 1) × batch."""
    ranks = np.arange(1, VOCAB + 1)
    shape = (WINDOWS, recipe.window + 1, BATCH)
    chances = 1 / ranks / (1 / ranks).sum()
    return np.random.default_rng(0).choice(VOCAB, shape, p=chances).astype(np.int32)
