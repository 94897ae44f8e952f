"""Which GPU there is, asked without taking any of its memory for long."""

import os
import subprocess
import sys
from typing import NamedTuple

QUESTION = """
import jax
device = jax.devices("gpu")[0]
print(device.device_kind, device.client.platform_version.replace("\\n", ", "), sep="; ")
"""


class Gpu(NamedTuple):
    """What JAX calls the GPU, or, with no name, why it sees none."""

    name: str
    reason: str = ""


def find_gpu() -> Gpu:
    """Ask JAX, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", QUESTION],
        env=os.environ | {"JAX_PLATFORMS": ""},
        capture_output=True,
        text=True,
    )
    if done.returncode == 0:
        return Gpu(done.stdout.strip())
    return Gpu("", (done.stderr.strip().splitlines() or ["no reason given"])[-1])


def require_gpu(command: str) -> str:
    """Return the name of the GPU, or end the command.

    Raises:
        SystemExit: there is none; the message says what JAX says.
    """
    gpu = find_gpu()
    if not gpu.name:
        raise SystemExit(
            f"{command} measures a GPU, and JAX sees none ({gpu.reason}). Run it on a "
            "machine with an NVIDIA GPU and jax[cuda12] or jax[cuda13]."
        )
    return gpu.name
