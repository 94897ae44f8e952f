"""Values from the environment: a run uses them, and nothing it writes shows them.

A configuration may say ``${oc.env:NAME}``. What is written is that text, and a resumed
run reads the variable again.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jlstm._internal.extras import brought_by

with brought_by("train"):
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

VARIABLE = re.compile(r"oc\.env\s*:\s*['\"]?([^,}'\"\s]+)")
SHORT = 6


def variables(config: Any) -> list[str]:
    """Return the names of the variables that a configuration uses, at any depth.

    Example:
        >>> variables({"data": {"path": "${oc.env:TEXTS,.}/a.txt"}, "seed": 1})
        ['TEXTS']
    """
    if isinstance(config, str):
        return VARIABLE.findall(config) if "${" in config else []
    inner = config.values() if isinstance(config, dict) else config
    found = inner if isinstance(config, dict | list | tuple) else ()
    return list(dict.fromkeys(name for each in found for name in variables(each)))


def unset(config: Any) -> list[str]:
    """Return the variables that a configuration uses and that are not set.

    Example:
        >>> unset("${oc.env:NOBODY_HAS_THIS}/a.txt")
        ['NOBODY_HAS_THIS']
    """
    return [name for name in variables(config) if name not in os.environ]


def resolved(config: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration with values in the place of variables.

    Raises:
        ValueError: a variable is not set.
    """
    if not variables(config):
        return config
    try:
        values: Any = OmegaConf.to_container(OmegaConf.create(config), resolve=True)
    except OmegaConfBaseException as error:
        raise ValueError(hide(" ".join(str(error).split()), config)) from None
    return values


def unresolved(values: Any, config: Any) -> Any:
    """Return ``values`` with the texts of a configuration where it had variables.

    Args:
        values: what a run uses, plain and nested.
        config: what it came from; used only if a variable stands in it somewhere.

    Example:
        >>> unresolved({"a": "secret", "b": 3}, {"a": "${oc.env:KEY}", "b": 2})
        {'a': '${oc.env:KEY}', 'b': 3}
    """
    return _texts(values, config) if variables(config) else values


def hide(data: Any, config: Any) -> Any:
    """Return texts, at any depth, without the values of a configuration's variables.

    Example:
        >>> os.environ["WHO"] = "ann-smith"
        >>> hide(["no file at ann-smith/a.txt"], {"path": "${oc.env:WHO}/a.txt"})
        ['no file at ${oc.env:WHO}/a.txt']
    """
    names = variables(config)
    return _hide(data, names) if names else data


@contextmanager
def hidden_in_errors(config: Any) -> Iterator[None]:
    """Let no ValueError or OSError of the block show the value of a variable."""
    try:
        yield
    except (ValueError, OSError) as error:
        error.args = hide(error.args, config)
        if isinstance(error, OSError) and error.filename is not None:
            error.filename = hide(error.filename, config)
        raise


def _hide(data: Any, names: list[str]) -> Any:
    if isinstance(data, dict):
        return {key: _hide(value, names) for key, value in data.items()}
    if isinstance(data, list | tuple):
        inner = [_hide(value, names) for value in data]
        return tuple(inner) if isinstance(data, tuple) else inner
    return _hidden(data, names) if isinstance(data, str) else data


def _texts(values: Any, config: Any) -> Any:
    if isinstance(config, str) and "${" in config:
        return config
    if isinstance(values, dict):
        inner = config if isinstance(config, dict) else {}
        return {key: _texts(value, inner.get(key)) for key, value in values.items()}
    if isinstance(values, list):
        inner = config if isinstance(config, list) else []
        pairs = zip(values, [*inner, *[None] * len(values)], strict=False)
        return [_texts(value, each) for value, each in pairs]
    # A text that only looks like a variable must come back as it is.
    return values.replace("${", "\\${") if isinstance(values, str) else values


def _hidden(text: str, names: list[str]) -> str:
    for name in names:
        value = os.environ.get(name, "")
        # A short one is hidden where it stands alone: "1" is part of many numbers.
        edge = r"(?<!\w){}(?!\w)" if len(value) < SHORT else "{}"
        if value:
            pattern = edge.format(re.escape(value))
            text = re.sub(pattern, lambda _, name=name: f"${{oc.env:{name}}}", text)
    return text
