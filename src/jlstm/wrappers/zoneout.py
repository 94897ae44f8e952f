"""Zoneout: units that now and then keep their value of the step before."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from jlstm._internal.options import Rate
from jlstm._internal.types import Carry, Gates, Key, Params
from jlstm.wrappers.wrapper import Wrapper, split


@dataclass(frozen=True, repr=False)
class Zoneout(Wrapper):
    r"""Keep each unit's old value with some probability, again at every step.

    .. math::
        c_t &= d^c_t \odot c_{t-1} + (1 - d^c_t) \odot \hat c_t \\
        h_t &= d^h_t \odot h_{t-1} + (1 - d^h_t) \odot \hat h_t

    with the hatted values those of the inner cell (its :math:`\hat h_t` is made of its
    own :math:`\hat c_t`) and :math:`d` 1 with the given probability. Without a key
    :math:`d` is its expectation.

    Source: D. Krueger et al., "Zoneout: regularizing RNNs by randomly preserving hidden
    activations", 2016 (arXiv:1606.01305).

    Args:
        cell: what is run.
        h: probability for the units of ``h``.
        c: probability for the units of ``c``, for cells that have one.

    Example:
        >>> from jlstm import LSTMCell, unroll
        >>> cell = Zoneout(LSTMCell(3), h=0.5, c=0.5)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> _, hs = unroll(cell, params, jnp.ones((9, 2)), key=jax.random.key(1))
        >>> bool((hs[1:] == hs[:-1]).any())
        True
    """

    h: Rate = 0.0
    c: Rate = 0.0

    def __post_init__(self) -> None:
        fields = jax.eval_shape(self.cell.init_carry)._fields
        if self.c and "c" not in fields:
            raise ValueError(
                f"Zoneout: c is {self.c}, but the carry of {self.cell!r} has no c; it "
                f"has {', '.join(fields)}. Give h only."
            )

    def step(
        self, params: Params, carry: Carry, zx: Any, key: Key | None = None
    ) -> tuple[Carry, Gates]:
        """Advance one step and hold some units back."""
        inner, own = split(key)
        keys = dict(zip("hc", split(own), strict=True))
        new, gates = self.cell.step(params, carry, zx, inner)
        held = {
            name: _hold(getattr(carry, name), getattr(new, name), rate, keys[name])
            for name, rate in (("h", self.h), ("c", self.c))
            if rate
        }
        return new._replace(**held), gates


def _hold(old: Array, new: Array, rate: float, key: Key | None) -> Array:
    if key is None:
        return rate * old + (1.0 - rate) * new
    return jnp.where(jax.random.bernoulli(key, rate, old.shape), old, new)
