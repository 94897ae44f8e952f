"""How often a function is compiled: what a new shape costs, counted."""

from collections.abc import Callable
from typing import Any

import jax


class CountedJit:
    """``jax.jit`` of a function, and the number of times that it was traced.

    Every new shape or dtype of an argument is one more trace and compilation. Buckets
    and packed columns keep the number small; this shows whether they do.

    Args:
        function: what to compile.
        static_argnums: as for ``jax.jit``.

    Example:
        >>> import jax.numpy as jnp
        >>> double = CountedJit(lambda x: 2 * x)
        >>> [double(jnp.ones(n)).sum().item() for n in (3, 3, 4)], double.compilations
        ([6.0, 6.0, 8.0], 2)
    """

    def __init__(
        self, function: Callable, static_argnums: int | tuple[int, ...] = ()
    ) -> None:
        self.compilations = 0
        self._function = function
        self._jitted = jax.jit(self._trace, static_argnums=static_argnums)

    def __call__(self, *args: Any) -> Any:
        """Call the compiled function."""
        return self._jitted(*args)

    def _trace(self, *args: Any) -> Any:
        self.compilations += 1
        return self._function(*args)
