"""What labelled sequences hold: lengths, classes, examples."""

import numpy as np

from jlstm.data.bucket import Stored, lengths_of
from jlstm.data.words import unknown_share
from jlstm.tasks.classification.data import Data, Part
from jlstm.training.overview import (
    Bars,
    Overview,
    binned,
    counted,
    repeated,
    unbalanced,
)

_FEW, _LONG = 3, 10  # examples of a class; times the median length


def make_overview(data: Data) -> Overview:
    """Return the classes, the lengths and a few examples."""
    parts, prep = data.parts, data.prep
    names = {n: [*map(prep.name_of, part.labels)] for n, part in parts.items()}
    lengths = [n for p in parts.values() for n in lengths_of(p.sequences).tolist()]
    step = "steps" if prep.vocab is None else "words"
    return Overview(
        counts={name: len(part.labels) for name, part in parts.items()},
        examples=_examples(data.train, names["train"], "class " * bool(prep.classes)),
        bars=[
            _labels(data, names),
            binned(f"{step} of an example", lengths),
        ],
        problems=[
            *(unbalanced(names) if prep.classes else ()),
            *_twice(data),
            *_odd_lengths(lengths, step),
            *_unknown(data),
        ],
    )  # fmt: skip


def _labels(data: Data, names: dict[str, list[str]]) -> Bars:
    if data.prep.classes:
        return counted("classes", [one for part in names.values() for one in part])
    values = np.concatenate([part.labels for part in data.parts.values()])
    return binned("numbers to predict", values)


def _twice(data: Data) -> list[str]:
    """Say what stands in two parts; records on disk are not compared."""
    if isinstance(data.train.sequences, Stored):
        return []
    return repeated({n: map(_key, part.sequences) for n, part in data.parts.items()})


def _key(sequence: np.ndarray) -> bytes:
    return np.ascontiguousarray(sequence).tobytes()


def _examples(part: Part, names: list[str], what: str) -> list[tuple[str, str]]:
    """Return the first examples of different labels."""
    first = dict(reversed([*zip(names, range(len(names)), strict=True)]))
    rows = sorted(first.values())[:_FEW]
    return [(f"{what}{names[row]}", _shown(part, row)) for row in rows]


def _shown(part: Part, row: int) -> str:
    if part.sentences is not None:
        return " ".join(part.sentences[row])
    own = part.sequences[row]
    start = "\n".join(" ".join(f"{x:.4g}" for x in step[:8]) for step in own[:3])
    how = "" if isinstance(part.sequences, Stored) else ", scaled"
    return f"{len(own)} steps of {own.shape[1]} numbers{how}; the first ones\n{start}"


def _odd_lengths(lengths: list[int], step: str) -> list[str]:
    empty, median = lengths.count(0), float(np.median(lengths))
    found = [f"{empty} example(s) without {step}"] if empty else []
    if max(lengths) > _LONG * max(median, 1):
        found.append(
            f"the longest example has {max(lengths)} {step}, half have at most "
            f"{median:g}: all of a batch wait for it"
        )
    return found


def _unknown(data: Data) -> list[str]:
    if data.prep.vocab is None:
        return []
    share = unknown_share(data.prep.vocab, data.test.sentences or ())
    text = f"{share:.0%} of the words of test are unknown to training"
    return [text] if share > 0.2 else []
