"""What the cells of the LSTM family share: options, carry, gates and drawing."""

import abc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._types import DType, Key, Shape
from jlstm.activations import Activation, check_activation, resolve
from jlstm.cell import Cell, GatedCell, check_heads, check_size
from jlstm.initializers import (
    Chrono,
    Constant,
    GateInitializer,
    Glorot,
    Orthogonal,
    add_forget_bias,
    init_gates,
    init_recurrent,
)

GATES = ("i", "f", "g", "o")
I, F, G, O = range(4)  # noqa: E741 - the field's names


class LSTMCarry(NamedTuple):
    """Carry of the LSTM family: the hidden state and the cell state."""

    h: Float[Array, "*b h"]
    c: Float[Array, "*b c"]


class LSTMGates(NamedTuple):
    """Gates of one step: input, forget, candidate, output."""

    i: Float[Array, "*b c"]
    f: Float[Array, "*b c"]
    g: Float[Array, "*b c"]
    o: Float[Array, "*b c"]


class Activations(NamedTuple):
    """The three functions of an LSTM: of the gates, the candidate and the output."""

    gate: Callable[[Array], Array]
    candidate: Callable[[Array], Array]
    output: Callable[[Array], Array]


@dataclass(frozen=True, repr=False)
class LSTMFamily(GatedCell):
    """Options, carry and drawing that the cells of the LSTM family share."""

    hidden_size: int
    forget_bias: float | Chrono = 1.0
    use_bias: bool = True
    gate_activation: Activation = "sigmoid"
    activation: Activation = "tanh"
    output_activation: Activation = "tanh"
    cell_clip: float | None = None
    w_ih_init: GateInitializer = Glorot()
    w_hh_init: GateInitializer = Orthogonal()
    b_init: GateInitializer = Constant(0.0)

    def __post_init__(self) -> None:
        check_family(self)

    @abc.abstractmethod
    def init(self, key: Key, input_size: int, dtype: DType = jnp.float32): ...

    @final
    def init_carry(
        self, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> LSTMCarry:
        """Return a zero hidden state and a zero cell state."""
        shape = (*batch_shape, self.hidden_size)
        # Two buffers: a carry with one buffer twice cannot be donated to a jitted step.
        return LSTMCarry(h=jnp.zeros(shape, dtype), c=jnp.zeros(shape, dtype))

    @final
    def activations(self) -> Activations:
        """Return the functions that the three options stand for."""
        return Activations(
            resolve(self.gate_activation),
            resolve(self.activation),
            resolve(self.output_activation),
        )

    @final
    def clip(self, c: Array) -> Array:
        """Hold the cell state within ±``cell_clip``, if there is one."""
        if self.cell_clip is None:
            return c
        return jnp.clip(c, -self.cell_clip, self.cell_clip)

    @final
    def draw(
        self, key: Key, input_size: int, dtype: DType, gates: Sequence[str] = GATES
    ) -> tuple[Array, Array, Array | None]:
        """Draw ``w_ih``, ``w_hh`` and ``b`` with a block for each of ``gates``.

        The forget bias goes to the gate ``f``; :class:`~jlstm.initializers.Chrono` also
        changes ``i``, where there is one.
        """
        k_ih, k_hh, k_b, k_f = jax.random.split(key, 4)
        n = self.hidden_size
        w_ih = init_gates(self.w_ih_init, k_ih, gates, (input_size, n), dtype)
        w_hh = init_recurrent(self.w_hh_init, k_hh, gates, n, self.num_heads, dtype)
        if not self.use_bias:
            return w_ih, w_hh, None
        b = init_gates(self.b_init, k_b, gates, (n,), dtype)
        return w_ih, w_hh, add_forget_bias(b, self.forget_bias, k_f, gates)


def check_family(cell: Cell) -> None:
    """Raise ValueError or TypeError unless the shared options make sense."""
    name = type(cell).__name__
    check_size(cell)
    check_heads(cell)
    for field in ("gate_activation", "activation", "output_activation"):
        check_activation(name, field, getattr(cell, field))
    if cell.cell_clip is not None and not cell.cell_clip > 0:
        raise ValueError(
            f"{name}: cell_clip is {cell.cell_clip!r}; give a positive number or None."
        )
