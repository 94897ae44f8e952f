"""Where a training lies: on one device, or over the axes of a mesh.

The program is the same: ``jax.jit`` with arrays that are laid out, and XLA splits it.
The rule is in the open. Rows of batches and carries are split over ``data`` and
``fsdp``; the last axis of each parameter, which is that of the units, over ``model``,
or its heads; the longest other axis over ``fsdp``; what the optimizer keeps lies as the
parameters do; models that are trained side by side are split over ``replicas``. An axis
that cannot be split evenly is not.
"""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
from jaxtyping import Bool

from jlstm._internal.axes import FSDP, HEADS, MODEL, REPLICAS, ROWS, UNITS, logical_axes
from jlstm._internal.types import Shape
from jlstm.data.share import WHOLE, Share
from jlstm.training import processes
from jlstm.training.config.mesh import MeshConfig
from jlstm.training.state import TrainState

T = TypeVar("T")
SHORTEST = 64
"""An axis that is shorter is not worth splitting over ``fsdp``."""


@dataclass(frozen=True)
class Layout:
    """How arrays lie; without a mesh everything is on one device.

    Attributes:
        mesh: with the axes of :class:`MeshConfig`, all automatic.
        stacked: whether the first axis of a state is that of replicas.

    Example:
        >>> Layout.of(MeshConfig(), replicas=1).mesh is None
        True
    """

    mesh: Mesh | None = None
    stacked: bool = False

    @classmethod
    def of(cls, config: MeshConfig, replicas: int) -> "Layout":
        """Make a mesh of the first devices that there are.

        Raises:
            ValueError: there are too few, or the models cannot be shared evenly.
        """
        sizes = config.sizes(jax.device_count())
        if replicas % sizes[REPLICAS]:
            raise ValueError(
                f"mesh.replicas={sizes[REPLICAS]} devices cannot share {replicas} "
                "models evenly: train.seeds must be a multiple of it."
            )
        count = math.prod(sizes.values())
        if processes.count() > 1 and count < jax.device_count():
            raise ValueError(
                f"{processes.count()} processes have {jax.device_count()} devices and "
                f"the mesh takes {count}: give sizes for all, such as mesh.data=-1."
            )
        if count == 1:
            return cls()
        mesh = jax.make_mesh(
            tuple(sizes.values()), tuple(sizes), devices=jax.devices()[:count],
            axis_types=(AxisType.Auto,) * len(sizes),
        )  # fmt: skip
        return cls(mesh, stacked=replicas > 1)

    def entered(self) -> AbstractContextManager:
        """Make the mesh known to what is traced inside."""
        return nullcontext() if self.mesh is None else jax.set_mesh(self.mesh)

    def placed(self, state: TrainState) -> TrainState:
        """Lay a state out over the devices."""
        return self._put(state, self.specs)

    def placed_rows(self, batch: T, axes: Any) -> T:
        """Lay a batch out; ``axes`` has the axis of the rows of each array, or -1.

        Raises:
            ValueError: the rows cannot be shared evenly.
        """
        return self._put(batch, lambda batch: jax.tree.map(self._rows_at, batch, axes))

    def check(self, batch: Any, axes: Any) -> None:
        """Raise ValueError if the rows of a batch cannot be shared evenly."""
        jax.tree.map(self._rows_at, batch, axes)

    def check_rows(self, rows: int) -> None:
        """Raise ValueError if so many rows cannot be shared evenly."""
        devices = self._row_devices
        if rows % devices:
            fits = [max(rows // devices, 1) * devices, -(-rows // devices) * devices]
            raise ValueError(
                f"A batch of {rows} rows cannot be shared evenly by {devices} devices "
                "(mesh.data x mesh.fsdp): give a batch size that is a multiple, such "
                f"as {' or '.join(map(str, dict.fromkeys(fits)))}."
            )

    def replicated(self, tree: T) -> T:
        """Put all of a tree on every device."""
        return self._put(tree, lambda tree: jax.tree.map(lambda _: P(), tree))

    def scored(self, evaluate: Callable[[Any], T], model: Any) -> T:
        """Return what an evaluation says of a model; each device has it whole.

        Where there are several processes each evaluates by itself, and what the first
        one finds counts: decisions hang on it.
        """
        if processes.count() > 1:
            return processes.agree(evaluate(self.whole(model)))
        with self.entered():
            return evaluate(self.replicated(model))

    def whole(self, tree: T) -> T:
        """Bring a tree back to one device, as if there had been no mesh."""
        if self.mesh is None:
            return tree
        return jax.tree.map(lambda leaf: jnp.array(processes.to_host(leaf)), tree)

    def kept(self, state: TrainState) -> TrainState:
        """Hold a traced state to its layout, so that no step changes it."""
        return jax.lax.with_sharding_constraint(state, self.shardings(state))

    def vmap(self, function: Callable, in_axes: Any) -> Callable:
        """Map over models, which are split over their axis of the mesh."""
        name = None if self.mesh is None else REPLICAS
        return jax.vmap(function, in_axes=in_axes, spmd_axis_name=name)

    def shardings(self, state: TrainState) -> Any:
        """Return the sharding of each array of a state."""
        return self._shardings(self.specs(state))

    def specs(self, state: TrainState) -> TrainState:
        """Return how each array of a state is split."""

        def spec(path: tuple, leaf: Any) -> P:
            first = (REPLICAS,) if self.stacked else ()
            shape = leaf.shape[len(first) :]
            return P(*first, *self._own(path[0].name, shape))

        return jax.tree.map_with_path(spec, state)

    def _own(self, field: str, shape: Shape) -> tuple:
        if field in ("model", "opt_state", "average"):
            return parameter_axes(shape, self._sizes)
        return (ROWS,) if field == "carry" and self._shares(shape[:1]) else ()

    def _rows_at(self, leaf: Any, axis: int) -> P:
        if axis < 0:
            return P()
        self.check_rows(leaf.shape[axis])
        return P(*[None] * axis, ROWS)

    @property
    def share(self) -> Share:
        """The part of the rows of a batch that this process reads."""
        if self.mesh is None or processes.count() == 1:
            return WHOLE
        ranks = [device.process_index for device in self.mesh.devices.flat]
        blocks = np.reshape(ranks, (self._row_devices, -1)) == jax.process_index()
        return share_with(blocks.any(1))

    @property
    def _sizes(self) -> dict[str, int]:
        assert self.mesh is not None
        return dict(self.mesh.shape)

    @property
    def _row_devices(self) -> int:
        return self._sizes[ROWS[0]] * self._sizes[ROWS[1]]

    def _shares(self, rows: Shape) -> bool:
        return bool(rows) and rows[0] % self._row_devices == 0

    def _put(self, tree: T, specs: Callable[[T], Any]) -> T:
        if self.mesh is None:
            return tree
        shardings = self._shardings(specs(tree))
        if processes.count() > 1:
            return jax.tree.map(processes.spread, tree, shardings)
        return jax.device_put(tree, shardings)

    def _shardings(self, specs: Any) -> Any:
        def sharding(spec: P) -> NamedSharding:
            return NamedSharding(self.mesh, spec)

        return jax.tree.map(sharding, specs, is_leaf=lambda node: isinstance(node, P))


ONE_DEVICE = Layout()


def parameter_axes(shape: Shape, sizes: dict[str, int]) -> tuple:
    """Return which axis of the mesh splits each axis of a parameter.

    Args:
        shape: of the parameter, or of what an optimizer keeps for it.
        sizes: of the axes of the mesh.

    Example:
        The gates of an LSTM stay whole. A recurrent weight of blocks, one for each
        head, is split by heads:

        >>> parameter_axes((512, 4, 512), {"fsdp": 2, "model": 2})
        ('fsdp', None, 'model')
        >>> parameter_axes((8, 64, 4, 64), {"fsdp": 1, "model": 2})
        ('model', None, None, None)
    """
    axes: list[str | None] = [None] * len(shape)
    units = _units(shape, sizes[MODEL])
    if units is not None and sizes[MODEL] > 1:
        axes[units] = MODEL
    if sizes[FSDP] > 1:
        free = [n for n, name in enumerate(axes) if name is None]
        fits = [n for n in free if shape[n] >= SHORTEST and shape[n] % sizes[FSDP] == 0]
        if fits:
            axes[max(fits, key=lambda n: shape[n])] = FSDP
    return tuple(axes)


def share_with(mine: Bool[np.ndarray, " n"]) -> Share:
    """Return the smallest part of the rows that has all of some equal blocks of them.

    Args:
        mine: which of the blocks are in it.

    Example:
        >>> share_with(np.array([False, False, True, True]))
        (1, 2)
        >>> share_with(np.array([False, True, True, False]))
        (0, 1)
    """
    first, last = np.flatnonzero(mine)[[0, -1]]
    sizes = (size for size in range(1, len(mine) + 1) if len(mine) % size == 0)
    size = next(size for size in sizes if first // size == last // size)
    return int(first // size), len(mine) // size


def _units(shape: Shape, devices: int) -> int | None:
    """Return the axis of the units, or of the heads, if it can be split."""
    named = enumerate(logical_axes("w", shape))
    fits = [
        n for n, name in named if name in (UNITS, HEADS) and shape[n] % devices == 0
    ]
    return fits[0] if fits else None
