"""A line of held-out text, and what enters the top layer while it is read."""

import jax.numpy as jnp
import numpy as np

from jlstm.analysis.layer_inputs import LayerInputs
from jlstm.data import Corpus
from jlstm.tasks.language.model import LanguageModel
from jlstm.training.report.layer_figures import Example

# Symbols in the plot, and those read before it.
SHOWN, BEFORE = {"char": 72, "word": 24}, 200
UNITS = {"char": "character", "word": "word"}


def read_line(model: LanguageModel, corpus: Corpus) -> tuple[LayerInputs, Example]:
    """Return what enters the top layer over a held-out line and the text before it."""
    level = corpus.vocab.level
    start = _line_start(corpus)
    ids = corpus.valid[max(start - BEFORE, 0) : start + SHOWN[level]]
    reading = model.top_layer_inputs(jnp.asarray(np.asarray(ids), jnp.int32))
    labels = [corpus.vocab.symbols[each] for each in ids]
    return reading, Example("held-out text", UNITS[level], labels, SHOWN[level])


def _line_start(corpus: Corpus) -> int:
    """Return where a line begins in the validation part, past its first few symbols."""
    level = corpus.vocab.level
    line_break = corpus.vocab.index.get("\n" if level == "char" else "<eos>")
    head = np.asarray(corpus.valid[: BEFORE + 2 * SHOWN[level]])
    last = max(len(head) - SHOWN[level], 0)
    found = np.flatnonzero(head[:last] == line_break) + 1
    return int(found[-1]) if len(found) else 0
