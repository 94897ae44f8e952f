"""What a program will hold in memory, told before it runs."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax

from jlstm.analysis.target import current, named


class Memory(NamedTuple):
    """Bytes that a compiled program holds at once on one device.

    Attributes:
        arguments: what goes in.
        outputs: what comes out, without what takes the place of an argument.
        temporary: everything in between; of a training step mostly what the forward
            pass keeps for the backward pass.
    """

    arguments: int
    outputs: int
    temporary: int

    @property
    def total(self) -> int:
        """All of it: the most that the program holds."""
        return sum(self)

    def __str__(self) -> str:
        parts = zip(self._fields, map(_readable, self), strict=True)
        inside = ", ".join(f"{name} {size}" for name, size in parts)
        return f"{_readable(self.total)} ({inside})"


def memory_of(function: Callable[..., Any], *args: Any) -> Memory:
    """Compile ``function`` for ``args`` and tell what a call will hold, without one.

    Use it to choose ``checkpoint`` before a long sequence is run. Nothing is computed,
    nothing large is allocated; it takes as long as compiling does, which does not grow
    with the number of steps. Inside :func:`jlstm.target`, with arguments that lie on
    the devices of such a machine, it compiles for that one.

    Args:
        function: what is to be run, jitted or not, such as a whole training step.
        args: arrays, or ``jax.ShapeDtypeStruct`` in their place.

    Raises:
        NotImplementedError: the platform's compiler does not tell.

    Example:
        >>> import jax.numpy as jnp
        >>> from jlstm import RNNCell, unroll
        >>> cell = RNNCell(64)
        >>> params = jax.eval_shape(lambda: cell.init(jax.random.key(0), 64))
        >>> xs = jax.ShapeDtypeStruct((1024, 8, 64), jnp.float32)
        >>> def gradient(params, xs, checkpoint):
        ...     loss = lambda p: unroll(cell, p, xs, checkpoint=checkpoint)[1].sum()
        ...     return jax.grad(loss)(params)
        >>> def needs(checkpoint):
        ...     return memory_of(lambda p, xs: gradient(p, xs, checkpoint), params, xs)
        >>> needs("sqrt").temporary < needs(None).temporary / 4
        True
    """
    jitted = function if hasattr(function, "lower") else jax.jit(function)
    aim = named()
    platforms = None if aim is None else (aim.platform,)
    lowered = jitted.trace(*args).lower(lowering_platforms=platforms)
    sizes = lowered.compile().memory_analysis()
    if sizes is None:
        raise NotImplementedError(
            f"The compiler for {current().platform} does not tell what a program holds."
        )
    return Memory(
        sizes.argument_size_in_bytes,
        sizes.output_size_in_bytes - sizes.alias_size_in_bytes,
        sizes.temp_size_in_bytes,
    )


def _readable(size: int | float) -> str:
    """Write a number of bytes with the unit that suits it.

    Example:
        >>> _readable(999), _readable(2_500_000)
        ('999 B', '2.5 MB')
    """
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"
