"""What the bits of a run depend on next to its configuration and its data."""

import os
import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import jax

import jlstm
from jlstm._backends.native import library

PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy")
SETTINGS = (
    "jax_enable_x64", "jax_default_matmul_precision", "jax_default_prng_impl",
    "jax_threefry_partitionable", "jax_numpy_dtype_promotion", "jax_disable_jit",
    "jax_disable_most_optimizations", "jax_softmax_custom_jvp",
)  # fmt: skip
"""Those of JAX that change what is computed."""
HARMLESS_FLAGS = ("--xla_dump", "--xla_hlo_dump")


def numerics() -> dict[str, Any]:
    """Return all of it; where two are equal, the same steps give the same bits.

    On a CPU this compiles the kernel if that has not been done.

    Example:
        >>> numerics()["jax"] == jax.__version__
        True
    """
    found = {"jlstm": jlstm.__version__}
    found |= {name: metadata.version(name) for name in PACKAGES}
    devices = jax.devices()
    found["device"] = f"{len(devices)} x {devices[0].device_kind}"
    found["processor"] = _processor()
    found["kernel"] = _kernel()
    found["XLA_FLAGS"] = _xla_flags()
    settings = {name: getattr(jax.config, name, None) for name in SETTINGS}
    return found | {n: v if v is None else str(v) for n, v in settings.items()}


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Say in one line what is not as it was, or return nothing.

    Example:
        >>> differences({"jax": "0.10", "kernel": "compiled"},
        ...             {"jax": "0.12", "kernel": "compiled"})
        'jax is 0.12 and was 0.10'
    """
    names = dict.fromkeys([*before, *now])
    changed = [name for name in names if before.get(name) != now.get(name)]
    return "; ".join(
        f"{name} is {_text(now.get(name))} and was {_text(before.get(name))}"
        for name in changed
    )


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "not set" if value in (None, "") else str(value)


def _processor() -> str:
    """Return the name of the processor: its instructions choose the order of sums."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    names = [line for line in lines if line.startswith(("model name", "CPU part"))]
    name = names[0].partition(":")[2].strip() if names else platform.processor()
    return f"{platform.machine()} {name}".strip()


def _kernel() -> str:
    """Return whether recurrent layers can run by the compiled kernel here."""
    if jax.default_backend() != "cpu":
        return "not for this device"
    return "compiled" if library.failure() is None else "none, layers run by the scan"


def _xla_flags() -> list[str]:
    flags = os.environ.get("XLA_FLAGS", "").split()
    return sorted(flag for flag in flags if not flag.startswith(HARMLESS_FLAGS))
