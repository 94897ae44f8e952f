"""The one line that says what came, what was wanted and what to do."""

import difflib
from collections.abc import Sequence
from typing import Any

import jax

from jlstm._internal.repr import shown

LONGEST = 120
MANY = 12


def wrong_value(
    place: str, value: Any, wanted: str, show_type: bool = False, why: str = ""
) -> str:
    """Return the line for a value that does not fit; ``why`` goes on after it.

    Example:
        >>> wrong_value("LSTMCell: forget_bias", "3", "a finite number", show_type=True)
        "LSTMCell: forget_bias is '3' (str); give a finite number."
    """
    verb = "choose" if wanted.startswith("one of ") else "give"
    if isinstance(value, jax.core.Tracer):
        return (
            f"{place} is the traced {shown(value)}, but an option is fixed when a "
            f"function is traced; {verb} {wanted} that is no argument of it."
        )
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{place} is the array {shown(value)}; {verb} {wanted}.{_item(value)}"
    if isinstance(value, type):
        name = value.__name__
        return f"{place} is the class {name}; {verb} {wanted}: make one by {name}(...)."
    kind = f" ({type(value).__name__})" if show_type and value is not None else ""
    return f"{place} is {short(value)}{kind}{why}; {verb} {wanted}."


def short(value: Any) -> str:
    """Return ``repr`` in one line of bearable length.

    Example:
        >>> short(10**5000)
        'an integer of 16610 bits'
    """
    if isinstance(value, int) and value.bit_length() > 3 * LONGEST:
        return f"an integer of {value.bit_length()} bits"
    text = " ".join(repr(value).split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def one_of(known: Sequence[Any]) -> str:
    """Return the choices as ``wanted`` has them; of many, the first ones.

    Example:
        >>> one_of(range(20))
        'one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 8 more'
    """
    more = f" and {len(known) - MANY} more" if len(known) > MANY else ""
    return f"one of {', '.join(map(str, known[:MANY]))}{more}"


def unknown(place: str, value: Any, known: Sequence[Any], wanted: str = "") -> str:
    """Return the line for a value that is none of the choices.

    Of many choices the nearest is enough; ``wanted`` says what else may be given.

    Example:
        >>> unknown("norm", "layr", ["none", "layer"])
        "norm is 'layr'; choose one of none, layer. Did you mean layer?"
    """
    near = nearest(value, known)
    if near is None:
        return wrong_value(place, value, wanted or one_of(known))
    if len(known) > MANY:
        return f"{place} is {short(value)}; did you mean {near}?"
    return f"{wrong_value(place, value, wanted or one_of(known))} Did you mean {near}?"


def nearest(value: Any, known: Sequence[Any]) -> Any:
    """Return the choice that is spelt almost so, or that begins so; else None.

    Example:
        >>> nearest("lstm", ["GRUCell", "LSTMCell"]), nearest("x", ["GRUCell"])
        ('LSTMCell', None)
    """
    text = str(value).lower()
    names = {str(name).lower(): name for name in known}
    near = difflib.get_close_matches(text, names, 1, 0.7)
    near += [name for name in names if len(text) > 2 and name.startswith(text)]
    return names[near[0]] if near else None


def listed(wanted: Sequence[str]) -> str:
    """Join alternatives, those with choices first.

    Example:
        >>> listed(["a number", "None", "one of a, b"])
        'one of a, b, a number or None'
    """
    *most, last = sorted(wanted, key=lambda text: not text.startswith("one of "))
    return f"{', '.join(most)} or {last}" if most else last


def _item(value: Any) -> str:
    if value.shape == ():
        return " Its .item() is a plain number."
    return " Options are plain values, so that they can be compared and hashed."
