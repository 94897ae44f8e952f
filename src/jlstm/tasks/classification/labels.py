"""The labels of a user's examples: names of classes, or numbers to predict."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Integer, Real

from jlstm.analysis.plots.literal import readable
from jlstm.data.parts import balance
from jlstm.data.scale import Scaler
from jlstm.data.sheet.given import Source
from jlstm.data.sheet.numbers import decimal_mark, is_number, numbers_of
from jlstm.tasks.classification.classes import check_classes

ProblemType = Literal["auto", "classification", "regression"]
_KEY = "data.problem_type"


class Labels(NamedTuple):
    """The label of each example.

    Attributes:
        values: numbers of classes, or the numbers to predict.
        classes: their names; none where numbers are predicted.
        told: what they are, and how to have it otherwise.
    """

    values: Real[np.ndarray, " n"]
    classes: tuple[str, ...]
    told: str

    @property
    def strata(self) -> Integer[np.ndarray, " n"]:
        """What each part gets its share of: every class; numbers are drawn as one."""
        return self.values if self.classes else np.zeros(len(self.values), int)


def read_labels(
    path: Source,
    found: Sequence[str],
    kind: ProblemType = "auto",
    classes: Sequence[str] | None = None,
    what: str = "lines",
) -> Labels:
    """Return labels as classes or as numbers.

    Args:
        path: of the file, for messages.
        found: the label of each example.
        kind: what they are; ``"auto"`` takes them for numbers to predict where all are
            numbers and some of them have a fraction.
        classes: those that may occur; None for any.
        what: the examples are: ``"lines"`` of text, or ``"sequences"``.

    Raises:
        ValueError: classes cannot be learnt, or a label is no number.

    Example:
        >>> read_labels("a.csv", ["3.5", "4", "2"]).values.tolist()
        [3.5, 4.0, 2.0]
        >>> read_labels("a.csv", ["3", "4", "3"]).classes
        ('3', '4')
    """
    numbers = _numbers(path, found, kind)
    if numbers is not None:
        return Labels(numbers, (), _told_numbers(numbers, kind))
    check_classes(path, [*found], classes, what)
    known = tuple(sorted(set(found))) if classes is None else tuple(classes)
    values = np.array([known.index(name) for name in found])
    return Labels(values, known, _told_classes(found))


def say_parts(
    labels: Mapping[str, Real[np.ndarray, "..."]], classes: Sequence[str]
) -> None:
    """Print how many of each class, or which numbers, are in each part."""
    if classes:
        names = {n: [classes[int(one)] for one in own] for n, own in labels.items()}
        print(balance(names), flush=True)
    else:
        parts = (f"{n} {len(own)} ({_range(own)})" for n, own in labels.items())
        print(", ".join(parts), flush=True)


def target_of(labels: Real[np.ndarray, " n"], classes: Sequence[str]) -> Scaler | None:
    """Return what scales the numbers to predict, by those of training.

    Raises:
        ValueError: they are all the same.
    """
    if classes:
        return None
    if np.ptp(labels) == 0:
        raise ValueError(
            f"All numbers to predict are {labels[0]:g} in training: give examples "
            "that differ, or another column by data.label."
        )
    return Scaler.fit(labels[:, None].astype(np.float64))


def _numbers(
    path: Source, found: Sequence[str], kind: ProblemType
) -> np.ndarray | None:
    """Return labels as numbers, None where they are classes."""
    if kind == "classification" or not found:
        return None
    odd = _odd(found)
    if odd is None:
        values, _ = numbers_of(found, decimal_mark(found) or ".")
        has_fractions = bool((values != values.round()).any())
        return values if kind == "regression" or has_fractions else None
    if kind == "auto":
        return None
    label, why = odd
    raise ValueError(
        f"{path} has the label {label[:40]!r}, {why}, and numbers are to be predicted "
        f"({_KEY}=regression): give each example one with a decimal point."
    )


def _odd(found: Sequence[str]) -> tuple[str, str] | None:
    """Return the first label that is no number, and why; None where all are."""
    for label in found:
        if not is_number(label):
            return label, "which is no number"
    mark = decimal_mark(found)
    if mark is None:
        comma = next(label for label in found if "," in label)
        return comma, "whose comma may be a decimal mark or part thousands"
    values, _ = numbers_of(found, mark)
    bad = ~np.isfinite(values)
    return (found[int(bad.argmax())], "which is not finite") if bad.any() else None


def _told_numbers(numbers: np.ndarray, kind: ProblemType) -> str:
    why = f"; {_KEY}=classification makes classes of them" * (kind == "auto")
    return f"a number to predict ({_range(numbers)}){why}"


def _told_classes(found: Sequence[str]) -> str:
    counts = Counter(found)
    few = ", ".join(f"{readable(name, 30)} {n}" for name, n in counts.most_common(8))
    more = ", …" * (len(counts) > 8)
    are_numbers = all(map(is_number, counts)) and len(counts) > 2
    how = f"; {_KEY}=regression predicts them as numbers" * are_numbers
    return f"{len(counts)} classes ({few}{more}){how}"


def _range(numbers: np.ndarray) -> str:
    return f"{numbers.min():.4g} to {numbers.max():.4g}, mean {numbers.mean():.4g}"
