"""Gradients held in check where they pass through the recurrent map."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from jlstm._internal.options import Positive
from jlstm._internal.types import Carry, Gates, Params
from jlstm.wrappers.wrapper import GatedWrapper


@dataclass(frozen=True, repr=False)
class ClipRecurrentGradient(GatedWrapper):
    """Hold the gradient of every pre-activation within ± ``limit``, at each step.

    The forward pass is the inner cell's. The clipped gradient is not that of the loss
    any more, and only reverse mode (``jax.grad``, ``jax.vjp``) is defined.

    Source: A. Graves, "Generating sequences with recurrent neural networks", 2013
    (arXiv:1308.0850), section 2.1, with a limit of 10 for LSTMs.

    Example:
        >>> from jlstm import RNNCell, unroll
        >>> cell = ClipRecurrentGradient(RNNCell(3), limit=1e-3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> loss = lambda params: unroll(cell, params, jnp.ones((1, 2)))[1].sum()
        >>> jax.grad(loss)(params).b.tolist()
        [0.0010..., 0.0010..., 0.0010...]
    """

    limit: Positive = 10.0
    has_custom_gradient = True

    def gate(
        self, params: Params, carry: Carry, zx: Any, zh: Any
    ) -> tuple[Carry, Gates]:
        """Apply the equations of the inner cell to guarded pre-activations."""
        guard = partial(jax.tree.map, partial(_clip_gradient, self.limit))
        return self.cell.gate(self.inner(params), carry, guard(zx), guard(zh))


@dataclass(frozen=True, repr=False)
class CutRecurrentGradient(GatedWrapper):
    """Let no gradient pass through the recurrent map: what it reads is a constant.

    What is left to carry the gradient back in time is what passes from carry to carry
    without a matrix: the cell state of an LSTM. It is the truncation of the first LSTM
    (S. Hochreiter and J. Schmidhuber, 1997, appendix A.1).

    Example:
        >>> from jlstm import RNNCell, unroll
        >>> cell = CutRecurrentGradient(RNNCell(3))
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> last = lambda xs: unroll(cell, params, xs)[1][-1].sum()
        >>> (jax.grad(last)(jnp.ones((3, 2))) != 0).any(axis=1).tolist()
        [False, False, True]
    """

    has_custom_gradient = True

    def recur(self, params: Params, h: Array) -> Any:
        """Map the previous output, held constant."""
        return self.cell.recur(self.inner(params), jax.lax.stop_gradient(h))


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _clip_gradient(limit: float, z: Array) -> Array:
    return z


def _forward(limit: float, z: Array) -> tuple[Array, None]:
    return z, None


def _backward(limit: float, residual: None, gradient: Array) -> tuple[Array]:
    return (jnp.clip(gradient, -limit, limit),)


_clip_gradient.defvjp(_forward, _backward)
