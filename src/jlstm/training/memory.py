"""Out of memory: what a step of the run needs, and which keys make it less."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from typing import Any

import jax
import numpy as np

from jlstm.training.config.schema import dotted_keys
from jlstm.training.failure import Note, is_full

LOWER = re.compile(
    r"(batches|stream|draw)\.(batch_size|window|eval_batch|valid_batch|test_batch)"
    r"|data\.steps|model\..*(hidden_sizes|width|embedding_size)|train\.seeds"
)
"""Keys of any task that decide how large a step is."""


@contextmanager
def explained(config: Any, plan: Callable[[], str]) -> Iterator[None]:
    """Add to an error of full memory what was planned and which keys to lower.

    Args:
        config: of the run.
        plan: tells what a step needs; called where memory is full.
    """
    try:
        yield
    except Exception as error:
        if is_full(error):
            error.add_note(Note(f"{plan()}; {advice(config)}"))
        raise


def advice(config: Any) -> str:
    """Return which keys of a configuration to lower, with their values."""
    keys = [key for key in dotted_keys(type(config)) if LOWER.fullmatch(key)]
    values = {key: _value(config, key) for key in keys}
    large = (f"{k}={_text(v)}" for k, v in values.items() if v not in (None, 1))
    accumulate = 2 * config.train.accumulate
    return (
        f"lower one of {', '.join(large)}; half of a batch size with "
        f"train.accumulate={accumulate} makes the same updates"
    )


def planned(step: Any, state: Any, batch: Any) -> str:
    """Return how many bytes XLA plans for a step, or what its state takes alone.

    Args:
        step: the compiled update.
        state: arrays, or their shapes: nothing is computed.
        batch: of the largest shape.
    """
    try:
        found = step.lower(state, batch, np.float32(1)).compile().memory_analysis()
        own, more = found.argument_size_in_bytes, found.temp_size_in_bytes
    except Exception:  # a step that cannot be compiled, or on a mesh
        return f"weights, optimizer and carry take {gigabytes(_bytes(state))}"
    return (
        f"a step plans {gigabytes(own + more)}, {gigabytes(own)} of it for weights, "
        f"optimizer and batch and {gigabytes(more)} for what lies between"
    )


def gigabytes(size: int) -> str:
    """Return a number of bytes for people.

    Example:
        >>> gigabytes(3 << 30), gigabytes(5_000_000)
        ('3.22 GB', '0.00500 GB')
    """
    return f"{size / 1e9:#.3g} GB"


def _bytes(tree: Any) -> int:
    leaves = [leaf for leaf in jax.tree.leaves(tree) if hasattr(leaf, "shape")]
    sizes = (getattr(leaf.dtype, "itemsize", 4) for leaf in leaves)
    return sum(leaf.size * size for leaf, size in zip(leaves, sizes, strict=True))


def _value(config: Any, key: str) -> Any:
    return reduce(lambda part, name: getattr(part, name, None), key.split("."), config)


def _text(value: Any) -> str:
    return str(list(value) if isinstance(value, tuple) else value).replace(" ", "")
