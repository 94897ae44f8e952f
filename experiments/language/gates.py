"""The gates of a trained language model while it reads held-out text."""

import jax.numpy as jnp
import numpy as np

from jlstm.data import Corpus
from jlstm.models.gates import trace_top
from jlstm.models.language import LanguageModel

# Symbols in the picture, and those read before it.
SHOWN, BEFORE = {"char": 72, "word": 24}, 200


def trace_line(
    model: LanguageModel, corpus: Corpus
) -> tuple[list[str], dict[str, np.ndarray], np.ndarray | None]:
    """Return held-out symbols, the top gates over them, and the cell state.

    The model has read the text before them, as far as there is some.
    """
    start = _line_start(corpus)
    ids = np.asarray(corpus.valid[start : start + SHOWN[corpus.vocab.level]])
    before = np.asarray(corpus.valid[max(start - BEFORE, 0) : start])
    carry = None
    if len(before):
        carry, _ = model.features(jnp.asarray(before, jnp.int32))
    carries, gates = trace_top(model, jnp.asarray(ids, jnp.int32), carry)
    state = getattr(carries, "c", None)
    labels = [corpus.vocab.symbols[each] for each in ids]
    values = {name: np.asarray(gate) for name, gate in gates._asdict().items()}
    return labels, values, None if state is None else np.asarray(state)


def _line_start(corpus: Corpus) -> int:
    """Return where a line begins in the validation part, past its first few symbols."""
    level = corpus.vocab.level
    line_break = corpus.vocab.index.get("\n" if level == "char" else "<eos>")
    head = np.asarray(corpus.valid[: BEFORE + 2 * SHOWN[level]])
    last = max(len(head) - SHOWN[level], 0)
    found = np.flatnonzero(head[:last] == line_break) + 1
    return int(found[-1]) if len(found) else 0
