"""Over which devices a run is spread: the axes of a mesh."""

import math
from dataclasses import dataclass
from typing import Annotated

from jlstm._internal.options import Limit, Options

REST = -1
Devices = Annotated[
    int,
    Limit(
        "a positive whole number, or -1 for all that are left",
        lambda n: n > 0 or n == REST,
    ),
]


@dataclass(frozen=True)
class MeshConfig(Options):
    """How many devices each axis of the mesh has; one of them may be -1, for the rest.

    Attributes:
        data: devices that share the rows of a batch, each with all parameters.
        fsdp: devices that share the rows of a batch, the parameters and the state of
            the optimizer.
        model: devices that share the units of each layer.
        replicas: devices that share the models of ``train.seeds``.

    Raises:
        ValueError: several are -1.

    Example:
        >>> MeshConfig(data=-1, model=2).sizes(8)
        {'data': 4, 'fsdp': 1, 'model': 2, 'replicas': 1}
    """

    data: Devices = 1
    fsdp: Devices = 1
    model: Devices = 1
    replicas: Devices = 1

    def __post_init__(self) -> None:
        rest = [f"mesh.{name}" for name, size in vars(self).items() if size == REST]
        if len(rest) > 1:
            raise ValueError(
                f"{' and '.join(rest)} are -1: one axis alone can take the devices "
                "that are left; give the others a number."
            )

    def sizes(self, devices: int) -> dict[str, int]:
        """Return the size of each axis on so many devices.

        Raises:
            ValueError: there are too few, or what is left is no whole number.
        """
        given = dict(vars(self))
        known = math.prod(size for size in given.values() if size != REST)
        left = devices // known
        sizes = {name: left if size == REST else size for name, size in given.items()}
        uneven = REST in given.values() and devices % known
        if known > devices or uneven:
            asked = ", ".join(f"mesh.{n}={s}" for n, s in given.items() if s != 1)
            raise ValueError(
                f"{asked} does not fit {devices} devices: give sizes whose product is "
                f"at most {devices}, with -1 a divisor of it. On a CPU, "
                "JAX_NUM_CPU_DEVICES=8 makes eight devices of it."
            )
        return sizes
