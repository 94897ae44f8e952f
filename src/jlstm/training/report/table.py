"""Tables that read well on a screen and are Markdown too."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jlstm.analysis.plots.literal import readable


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table with columns of equal width, numbers to the right.

    Example:
        >>> print(table(["model", "nats"], [["LSTM", 1.25], ["unigram", "3.1"]]))
        | model   |  nats |
        |---------|------:|
        | LSTM    | 1.250 |
        | unigram |   3.1 |
    """
    header = [_text(name) for name in header]
    texts = [[_text(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *texts, strict=True)]
    right = [bool(texts) and all(_is_number(row[i]) for row in texts)
             for i in range(len(header))]  # fmt: skip
    rule = [
        "-" * (w + 1) + ":" if r else "-" * (w + 2)
        for w, r in zip(widths, right, strict=True)
    ]
    lines = [_line(header, widths, right), "|" + "|".join(rule) + "|"]
    return "\n".join(lines + [_line(row, widths, right) for row in texts])


def class_table(scores: Mapping[str, Mapping[str, float]]) -> str:
    """Return precision, recall, F1 and support of each class, in percent.

    Example:
        >>> print(class_table({"a": {"precision": 0.5, "recall": 1.0, "f1": 2 / 3,
        ...                          "support": 4}}))
        |   | precision |  recall |     F1 | support |
        |---|----------:|--------:|-------:|--------:|
        | a |    50.000 | 100.000 | 66.667 |       4 |
    """
    shares = ("precision", "recall", "f1")
    rows = [
        [name, *(100 * own[share] for share in shares), own["support"]]
        for name, own in scores.items()
    ]
    return table(["", "precision", "recall", "F1", "support"], rows)


def score_text(
    metrics: Mapping[str, Any],
    name: str,
    form: str,
    factor: float = 1.0,
    spread_form: str | None = None,
) -> str:
    """Return a score as text, of several seeds with its standard deviation.

    Args:
        metrics: the score by its name, and those of the seeds by ``NAME_members``.
        name: of the score.
        form: how numbers are written.
        factor: that the score is shown by, 100 for percent.
        spread_form: how the deviation is written; default: as the score.

    Example:
        >>> score_text({"f1": 0.9312}, "f1", ".2f", 100.0)
        '93.12'
        >>> score_text({"f1": 0.94, "f1_members": [0.93, 0.95]}, "f1", ".2f", 100.0)
        '94.00 ± 1.41'
    """
    members = metrics.get(f"{name}_members", [])
    text = format(factor * metrics[name], form)
    if len(members) < 2:
        return text
    return f"{text} ± {factor * np.std(members, ddof=1):{spread_form or form}}"


def _line(cells: Sequence[str], widths: list[int], right: list[bool]) -> str:
    padded = [
        cell.rjust(w) if r else cell.ljust(w)
        for cell, w, r in zip(cells, widths, right, strict=True)
    ]
    return "| " + " | ".join(padded) + " |"


def _text(cell: object) -> str:
    """Return a cell with three decimals, no line break, and bars escaped."""
    text = f"{cell:.3f}" if isinstance(cell, float) else str(cell)
    return readable(" ".join(text.split())).replace("|", "\\|")


def _is_number(text: str) -> bool:
    """Whether a cell is a number, or empty."""
    try:
        float(text or 0)
    except ValueError:
        return False
    return True
