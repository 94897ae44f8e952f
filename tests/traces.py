"""How often JAX traces a function."""

from collections.abc import Callable
from typing import Any

import chex
import jax


def jit_at_most(traces: int, function: Callable, **options: Any) -> Callable:
    """Return ``jax.jit(function)``, which raises if it is traced more often.

    What chex counts belongs to the name and the code of a function, not to the object:
    the rows of a parametrised test would be counted together, so the count begins here.
    """
    chex.clear_trace_counter()
    return jax.jit(chex.assert_max_traces(function, traces), **options)
