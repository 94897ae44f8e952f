"""What a program is traced for: the device that is here, or one that is named.

A backend is picked while a program is traced. It asks :func:`current` where the program
will run, and so does a cell that computes in another order on another platform.
"""

from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import jax

PLATFORMS = ("cpu", "cuda", "rocm", "tpu")
"""As ``lowering_platforms`` of JAX calls them."""


class Target(NamedTuple):
    """Where a program will run.

    Attributes:
        platform: ``"cpu"``, ``"cuda"``, ``"rocm"`` or ``"tpu"``.
        capability: of an NVIDIA GPU, such as ``"9.0"``; ``None`` is not known.
    """

    platform: str
    capability: str | None = None


_NAMED: Any = jax.make_user_context(default_value=None)
"""A part of the key by which JAX keeps traces: a program traced for one target is never
taken for another."""


def target(
    platform: str, *, capability: str | None = None
) -> AbstractContextManager[Any]:
    """Name what programs are traced for, where that is not the device that is here.

    Inside this context ``backend="auto"``, a backend that is asked for by name, and
    :func:`jlstm.explain` go by the target. It holds for what is traced inside, in this
    thread, and JAX traces a jitted function once for each target. ``docs/howto-gpu.md``
    compiles such a program.

    Args:
        platform: ``"cpu"``, ``"cuda"``, ``"rocm"`` or ``"tpu"``.
        capability: of an NVIDIA GPU: ``"8.0"`` for an A100, ``"9.0"`` for an H100.

    Raises:
        TypeError: ``capability`` is no text.
        ValueError: there is no such platform, or no capability of that form there.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> from jlstm import GRUCell, unroll
        >>> cell = GRUCell(8)
        >>> params = cell.init(jax.random.key(0), 4)
        >>> run = jax.jit(lambda xs: unroll(cell, params, xs, backend="pallas")[1])
        >>> xs = jax.ShapeDtypeStruct((5, 2, 4), jnp.float32)
        >>> with target("cuda", capability="9.0"):
        ...     lowered = run.trace(xs).lower(lowering_platforms=("cuda",))
        >>> "mosaic_gpu" in lowered.as_text()
        True
    """
    return _NAMED(checked(platform, capability))


def current() -> Target:
    """Return the target that was named; else the device that is here."""
    return _NAMED.value or _here()


def named() -> Target | None:
    """Return the target that was named, if one was."""
    return _NAMED.value


def checked(platform: Any, capability: Any) -> Target:
    """Return a target that may exist."""
    if platform not in PLATFORMS:
        raise ValueError(
            f"There is no platform {platform!r}; choose one of {', '.join(PLATFORMS)}."
        )
    if capability is None:
        return Target(platform)
    if not isinstance(capability, str):
        raise TypeError(
            f"capability is {capability!r}; give it as text, such as "
            f'capability="{capability}".'
        )
    if platform != "cuda":
        raise ValueError(
            f"capability={capability!r} is given for {platform!r}; only NVIDIA GPUs "
            'have one: leave it out, or choose platform="cuda".'
        )
    major, _, minor = capability.partition(".")
    if not (major.isdecimal() and minor.isdecimal()):
        raise ValueError(
            f"capability is {capability!r}; give it as major.minor, such as "
            'capability="9.0".'
        )
    return Target(platform, capability)


def _here() -> Target:
    """Return the device that is here; JAX calls GPUs of both makers ``gpu``."""
    platform = jax.default_backend()
    if platform != "gpu":
        return Target(platform)
    capability = getattr(jax.devices()[0], "compute_capability", None)
    if capability is not None and capability.startswith("gfx"):
        return Target("rocm")
    return Target("cuda", capability)
