"""What a text holds: its symbols, and how it begins."""

import numpy as np

from jlstm.data.vocab import UNKNOWN
from jlstm.tasks.language.data import Data
from jlstm.training.overview import Overview, counted

_START, _SHORT, _BLOCK = 200, 100_000, 1 << 22  # symbols


def make_overview(data: Data) -> Overview:
    """Return the commonest symbols, and the first ones."""
    vocab, parts = data.prep.vocab, data.parts
    counts = _counts(data.train, len(vocab))
    ranked = np.argsort(-counts, kind="stable")[:12]
    rows = tuple((repr(vocab.symbols[n])[1:-1], int(counts[n])) for n in ranked)
    return Overview(
        counts={name: len(part) for name, part in parts.items()},
        examples=[("the beginning of train", vocab.decode(data.train[:_START]))],
        bars=[counted("symbols", ())._replace(rows=rows)],
        problems=_problems(data, counts),
    )


def _counts(tokens: np.ndarray, size: int) -> np.ndarray:
    """Count each token, block by block: they may be more than fit in memory."""
    counts = np.zeros(size, np.int64)
    for start in range(0, len(tokens), _BLOCK):
        counts += np.bincount(tokens[start : start + _BLOCK], minlength=size)
    return counts


def _problems(data: Data, counts: np.ndarray) -> list[str]:
    vocab, found = data.prep.vocab, []
    if len(data.train) < _SHORT:
        found.append(
            f"train has {len(data.train):,} symbols: below some {_SHORT:,}, n-grams "
            "win as a rule"
        )
    if (unknown := vocab.index.get(UNKNOWN[vocab.level])) is not None and len(
        data.valid
    ):
        share = float(np.mean(np.asarray(data.valid) == unknown))
        if share > 0.05:
            found.append(f"{share:.0%} of the symbols of valid are unknown to training")
    unseen = int((counts == 0).sum())
    if unseen:
        found.append(f"{unseen} of {len(vocab)} symbols occur in held-out parts only")
    return found
