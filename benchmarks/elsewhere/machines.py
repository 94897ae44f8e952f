"""Machines that programs are compiled for and that need not be here.

XLA's compiler for a GPU reads a description of the GPU, ``h100.txtpb``, with the
numbers of its data sheet; the one for TPUs knows them by name.
"""

import importlib.util
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent


class Machine(NamedTuple):
    """One device to compile for.

    Attributes:
        platform: as ``jlstm.target`` and ``lowering_platforms`` call it.
        capability: of an NVIDIA GPU.
        needs: the modules without which nothing is compiled for it.
        environment: what must be set before JAX is imported.
        topology: the arguments of ``get_topology_desc``.
    """

    platform: str
    capability: str | None
    needs: tuple[str, ...]
    environment: dict[str, str]
    topology: dict[str, Any]


MACHINES = {
    "h100": Machine(
        "cuda",
        "9.0",
        ("jax_cuda12_plugin", "nvidia.cuda_nvcc"),
        {
            "JAX_PLATFORMS": "cpu",
            # To try several kernels on the device takes a device.
            "XLA_FLAGS": "--xla_gpu_autotune_level=0",
            "MOSAIC_GPU_DUMP_PTXAS": "1",
        },
        {"platform": "cuda", "topology_name": "", "topology": "1x1x1"},
    ),
    "v5e": Machine(
        "tpu",
        None,
        ("libtpu",),
        {
            "JAX_PLATFORMS": "cpu",
            "TPU_SKIP_MDS_QUERY": "1",
            "TPU_ACCELERATOR_TYPE": "v5litepod-4",
            "TPU_WORKER_HOSTNAMES": "localhost",
        },
        {"platform": "tpu", "topology_name": "v5e:2x2"},
    ),
}


def missing(name: str) -> list[str]:
    """Return the modules that are not installed and that a machine needs."""
    return [module for module in MACHINES[name].needs if not _found(module)]


def device(name: str) -> Any:
    """Return a device to compile for."""
    from jax.experimental import topologies

    arguments = dict(MACHINES[name].topology)
    if MACHINES[name].platform == "cuda":
        arguments["target_config"] = (HERE / f"{name}.txtpb").read_text("utf-8")
    return topologies.get_topology_desc(**arguments).devices[0]


def _found(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # its parent is missing
        return False
