"""What a backend is: who runs a call. And what a call is: a cell over steps."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from jlstm._internal.arrays import dtype_of
from jlstm._internal.mesh import free_devices
from jlstm._internal.tree import vary_like, zero_unless
from jlstm._internal.types import Carry, Checkpoint, DType, Params, Shape
from jlstm.analysis.target import Target, current
from jlstm.cell import Cell


class Steps(NamedTuple):
    """What a run reads at every step, time first; ``None`` costs nothing.

    Attributes:
        xs: the input, ``t *bx``.
        live: which steps count, ``t *b``; the others hold the carry.
        resets: which steps start from the fresh carry, ``t *b``.
        keys: one random key per step.
    """

    xs: Any
    live: Any = None
    resets: Any = None
    keys: Any = None


@dataclass(frozen=True)
class Call:
    """A cell over steps; a tree of arrays, static in all that is none.

    Attributes:
        cell: what happens in a step.
        params: as the cell has prepared them for this sequence.
        start: the carry before the first step.
        fresh: the carry after a reset; of the types of ``start``.
        steps: what every step reads.
        reverse: whether the last step is consumed first.
        unroll: steps in one turn of a loop.
        checkpoint: what the backward pass recomputes.
    """

    cell: Cell
    params: Params
    start: Carry
    fresh: Carry
    steps: Steps
    reverse: bool = False
    unroll: int = 1
    checkpoint: Checkpoint = None

    @property
    def shape(self) -> Shape:
        """The axes of time and batch."""
        xs = self.steps.xs
        return xs.shape[: xs.ndim - self.cell.num_feature_axes]

    def part(self, start: Carry, steps: Steps) -> "Call":
        """Return the same call over some of the steps, from another carry."""
        return replace(self, start=start, steps=steps)

    def output(self, hs: Array) -> Array:
        """Return outputs in the dtype of the input, zero where no step counts."""
        hs, live = hs.astype(self.steps.xs.dtype), self.steps.live
        return hs if live is None else zero_unless(live, hs)


jax.tree_util.register_dataclass(
    Call,
    data_fields=("params", "start", "fresh", "steps"),
    meta_fields=("cell", "reverse", "unroll", "checkpoint"),
)


def empty_result(call: Call) -> tuple[Carry, Array]:
    """Return what no steps or no rows give: the same carry, and empty outputs."""
    h = call.start.h
    hs = jnp.zeros((call.shape[0], *h.shape), call.steps.xs.dtype)
    return call.start, vary_like(hs, h)


@dataclass(frozen=True)
class CallTypes:
    """What is known of a call before it runs; by default a long sequence in float32.

    Attributes:
        steps: how many.
        batch: the axes of the batch.
        dtypes: of the input, and of the leaves of a carry that was given.
        devices: over how many XLA splits the rows by itself.
        has_resets: whether a step may start from the fresh carry.
        target: where it runs; by default what is traced for, which is the device here
            unless :func:`jlstm.target` names another.
        features: of the input; ``None`` where that is not known.
    """

    steps: int = 1000
    batch: Shape = ()
    dtypes: tuple[DType, ...] = ("float32",)
    devices: int = 1
    has_resets: bool = False
    target: Target = field(default_factory=current)
    features: int | None = None

    @classmethod
    def of(
        cls, cell: Cell, xs: Any, carry: Carry | None = None, resets: Any = None
    ) -> "CallTypes":
        """Read it off the input and the carry, which may be arrays or their types.

        An array of NumPy counts with the dtype that JAX gives it.
        """
        steps, *batch = xs.shape[: len(xs.shape) - cell.num_feature_axes]
        dtypes = tuple(dtype_of(leaf) for leaf in (xs, *jax.tree.leaves(carry)))
        return cls(
            steps, tuple(batch), dtypes, free_devices(xs), resets is not None,
            features=xs.shape[-1],
        )  # fmt: skip


@dataclass(frozen=True)
class Backend:
    """One way to run a call.

    Attributes:
        name: what a user asks for.
        unsupported: returns why this backend cannot run a cell on such a call; ``None``
            if it can. Whether it is the faster one is asked in
            :mod:`jlstm._backends.choose`.
        run: returns the last carry, and the output of every step as :meth:`Call.output`
            makes it. There is a step and a row, ``checkpoint`` is seen to, and the
            input is zero where a step does not count.
        opaque: whether XLA cannot look into it, and so cannot split it over devices:
            on a mesh of explicit axes it runs on each device for the rows there.
    """

    name: str
    unsupported: Callable[[Cell, CallTypes], str | None]
    run: Callable[[Call], tuple[Carry, Array]]
    opaque: bool = False
