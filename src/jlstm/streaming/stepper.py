"""What a stream runs: what holds a carry, and advances it by arrays of NumPy."""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np

from jlstm._internal.types import Carry, Params
from jlstm.layers import Layer, Stack
from jlstm.layers.connect import HighwayParams, entering, highway, leaving, passing


@runtime_checkable
class Stepper(Protocol):
    """A layer with its parameters and its carry. Nothing is checked here."""

    @property
    def carry(self) -> Carry: ...

    @carry.setter
    def carry(self, carry: Carry) -> None: ...

    def step(self, x: np.ndarray) -> np.ndarray: ...

    def run(self, xs: np.ndarray) -> np.ndarray: ...


class Jitted:
    """Any layer, by a compiled step of JAX.

    Args:
        layer: what happens in a step.
        params: as the layer has prepared them.
        carry: where to start.
    """

    def __init__(self, layer: Layer, params: Params, carry: Carry) -> None:
        def step(params: Params, carry: Carry, x: Any) -> tuple[Carry, Any]:
            return layer.step(params, carry, x)

        def run(params: Params, carry: Carry, xs: Any) -> tuple[Carry, Any]:
            return jax.lax.scan(lambda carry, x: step(params, carry, x), carry, xs)

        self._params, self._step, self._run = params, jax.jit(step), jax.jit(run)
        self.carry = carry

    @property
    def carry(self) -> Carry:
        """The carry after the last step, as arrays of NumPy."""
        return jax.tree.map(np.array, self._carry)

    @carry.setter
    def carry(self, carry: Carry) -> None:
        self._carry = jax.tree.map(jnp.array, carry)

    def step(self, x: np.ndarray) -> np.ndarray:
        """Advance one step; return the output."""
        self._carry, y = self._step(self._params, self._carry, x)
        return np.array(y)  # what JAX hands out cannot be written to

    def run(self, xs: np.ndarray) -> np.ndarray:
        """Advance as many steps as there are inputs; return the outputs."""
        self._carry, ys = self._run(self._params, self._carry, xs)
        return np.array(ys)


class Stacked:
    """Layers one upon the other, each a stepper of its own.

    Args:
        stack: how they are connected.
        params: of the stack, as it has prepared them: of each layer, and of its gate.
        steppers: one a layer.
    """

    def __init__(self, stack: Stack, params: tuple, steppers: list[Stepper]) -> None:
        self._connect, self._steppers = stack.connect, steppers
        self._passing = [_passing(stack, n, own) for n, own in enumerate(params)]

    @property
    def carry(self) -> Carry:
        """The carries of all layers."""
        return tuple(stepper.carry for stepper in self._steppers)

    @carry.setter
    def carry(self, carry: Carry) -> None:
        for stepper, own in zip(self._steppers, carry, strict=True):
            stepper.carry = own

    def step(self, x: np.ndarray) -> np.ndarray:
        """Advance one step; return the output."""
        return self._up(x, [stepper.step for stepper in self._steppers])

    def run(self, xs: np.ndarray) -> np.ndarray:
        """Advance as many steps as there are inputs, layer by layer."""
        return self._up(xs, [stepper.run for stepper in self._steppers])

    def _up(self, x: np.ndarray, advances: list) -> np.ndarray:
        outputs = [x]
        for n, advance in enumerate(advances):
            below = outputs[-1]
            y = advance(entering(self._connect, n, x, below))
            outputs.append(self._passing[n](below, y))
        return leaving(self._connect, outputs[1:])


def _passing(stack: Stack, n: int, params: Params) -> Callable:
    """Return what passes by layer ``n`` and leaves it, of arrays of NumPy."""
    if not isinstance(params, HighwayParams):
        return partial(passing, stack.connect, n, params)
    gate, mix = params._replace(layer=()), jax.jit(highway)
    return lambda below, y: np.array(mix(gate, below, y))
