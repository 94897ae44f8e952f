"""Numbers that came as text: YAML 1.1 does not read ``1e-3`` as one."""

from typing import Annotated, Any, get_args, get_origin

from jlstm._internal.options.rules import rule_of


def read_numbers(hint: Any, value: Any) -> Any:
    """Read texts such as ``1e-3`` where a number is wanted and no text.

    Example:
        >>> read_numbers(float | None, "1e-3"), read_numbers(str, "1e-3")
        (0.001, '1e-3')
    """
    if isinstance(value, list) and (each := _item_hint(hint)) is not None:
        return [read_numbers(each, item) for item in value]
    rule = rule_of(hint)
    if rule is None or not isinstance(value, str):
        return value
    if rule.admits(value) or not rule.admits(0.5):
        return value
    try:
        return float(value)
    except ValueError:
        return value


def _item_hint(hint: Any) -> Any:
    """Return the annotation of what a tuple holds, or None where none is meant."""
    if get_origin(hint) is Annotated:
        return _item_hint(get_args(hint)[0])
    return get_args(hint)[0] if get_origin(hint) is tuple else None
