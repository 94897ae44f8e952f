"""YAML as runs write it: plain, without aliases."""

from pathlib import Path
from typing import Any

from jlstm._internal.extras import brought_by

with brought_by("train"):
    import yaml


class _Plain(yaml.SafeLoader):
    """Refuses aliases: a few lines of them can stand for more than a memory holds."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it has an alias (*name), which no run writes")
        return super().compose_node(parent, index)


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the keys and values in a file.

    Raises:
        ValueError: it is not YAML, has aliases, or holds no keys; says which.
    """
    return parse_yaml(path.read_bytes(), path)


def parse_yaml(content: bytes, path: Path) -> dict[str, Any]:
    """Return the keys and values in what was read of a file; as :func:`read_yaml`."""
    try:
        data = yaml.load(content.decode("utf-8"), _Plain)
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError, ValueError):
        raise ValueError(f"{path} is not YAML") from None
    if not isinstance(data, dict):
        raise ValueError(f"{path} holds no keys: it is not that of a run")
    return data


def yaml_text(config: dict[str, Any]) -> str:
    """Return keys and values as YAML, in their order."""
    return yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
