"""Classes of a user's examples: those that can be learnt, or one line why not."""

from collections import Counter
from collections.abc import Sequence

from jlstm.data.sheet.given import Source

FEW = 10
"""Examples from which on classes and columns are told apart by how they repeat."""
_ADVICE = {
    "lines": "give a class, a tab and a text in each line, or name the columns in the "
    "first line and by data.label and data.text",
    "sequences": "name the column of classes by data.label",
}


def check_classes(
    path: Source,
    found: list[str],
    classes: Sequence[str] | None,
    what: str = "lines",
) -> None:
    """Refuse classes that cannot be learnt.

    Args:
        path: of the file, for messages.
        found: the class of each example.
        classes: those that may occur; None for any.
        what: the examples are: ``"lines"`` of text, or ``"sequences"``.

    Raises:
        ValueError: a class is new, there is one alone, or nearly one for each example.
    """
    kinds = sorted(set(found))
    new = [name for name in kinds if classes is not None and name not in classes]
    if new:
        raise ValueError(
            f"{path} has the classes {', '.join(new[:5])}, which the file to learn "
            "from does not have: give the same classes."
        )
    if classes is None and len(kinds) < 2:
        raise ValueError(
            f"{path} has the classes {', '.join(kinds) or 'none'}: give {what} of two "
            "or more."
        )
    if len(found) >= FEW and len(kinds) > len(found) / 2:
        raise ValueError(
            f"{path} has {len(kinds)} classes in {len(found)} {what}, such as "
            f"{kinds[0][:40]!r}: {_ADVICE[what]}; "
            "data.problem_type=regression predicts numbers."
        )
    plain = Counter(" ".join(name.lower().split()) for name in kinds)
    twice = next((name for name, n in plain.items() if n > 1), None)
    if twice is not None:
        alike = [name for name in kinds if " ".join(name.lower().split()) == twice]
        raise ValueError(
            f"{path} has the classes {alike[0]!r} and {alike[1]!r}, which differ in "
            "case or blanks alone: write them alike."
        )
