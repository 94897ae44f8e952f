"""What the cells of the LSTM family share: options, carry, gates and drawing."""

import abc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.options import Positive
from jlstm._internal.repr import shapes_repr
from jlstm._internal.types import DType, Key, Params, Shape
from jlstm.activations import Activation, resolve
from jlstm.cell import GatedCell, check_heads
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

    __repr__ = shapes_repr


class LSTMGates(NamedTuple):
    """Gates of one step: input, forget, candidate, output."""

    i: Float[Array, "*b c"]
    f: Float[Array, "*b c"]
    g: Float[Array, "*b c"]
    o: Float[Array, "*b c"]

    __repr__ = shapes_repr


class Activations(NamedTuple):
    """The three functions of an LSTM: of the gates, the candidate and the output."""

    gate: Callable[[Array], Array]
    candidate: Callable[[Array], Array]
    output: Callable[[Array], Array]


@dataclass(frozen=True, repr=False)
class LSTMOptions(GatedCell):
    """Options and drawing that the cells of the LSTM family share."""

    hidden_size: int
    forget_bias: float | Chrono = 1.0
    use_bias: bool = True
    gate_activation: Activation = "sigmoid"
    activation: Activation = "tanh"
    output_activation: Activation = "tanh"
    cell_clip: Positive | None = None
    w_ih_init: GateInitializer = Glorot()
    w_hh_init: GateInitializer = Orthogonal()
    b_init: GateInitializer = Constant(0.0)

    def __post_init__(self) -> None:
        check_heads(self)

    @abc.abstractmethod
    def init(self, key: Key, input_size: int, dtype: DType = jnp.float32) -> Params: ...

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
    def write(
        self, z: Float[Array, "*b 4 c"], c: Float[Array, "*b c"]
    ) -> tuple[Array, LSTMGates]:
        """Return the next cell state and the gates from all four pre-activations."""
        gate, candidate, _ = self.activations()
        zi, zf, zg, zo = jnp.unstack(z, axis=-2)
        gates = LSTMGates(gate(zi), gate(zf), candidate(zg), gate(zo))
        return self.clip(gates.f * c + gates.i * gates.g), gates

    @final
    def draw(
        self,
        key: Key,
        input_size: int,
        dtype: DType,
        gates: Sequence[str] = GATES,
        recurrent_size: int | None = None,
    ) -> tuple[Array, Array, Array | None]:
        """Draw ``w_ih``, ``w_hh`` and ``b`` with a block for each of ``gates``.

        The forget bias goes to the gate ``f``, if there is one, and
        :class:`~jlstm.initializers.Chrono` also changes ``i``. ``w_hh`` reads
        ``hidden_size`` units, or ``recurrent_size`` if the output is another number of
        them.
        """
        k_ih, k_hh, k_b, k_f = jax.random.split(key, 4)
        n = self.hidden_size
        w_ih = init_gates(self.w_ih_init, k_ih, gates, (input_size, n), dtype)
        w_hh = self._draw_recurrent(k_hh, gates, recurrent_size, dtype)
        if not self.use_bias:
            return w_ih, w_hh, None
        b = init_gates(self.b_init, k_b, gates, (n,), dtype)
        if "f" in gates:
            b = add_forget_bias(b, self.forget_bias, k_f, gates)
        return w_ih, w_hh, b

    @final
    def draw_coupled(
        self, key: Key, input_size: int, dtype: DType, gates: Sequence[str]
    ) -> tuple[Array, Array, Array | None]:
        """Draw like :meth:`draw` where the forget gate is ``f = 1 - i``.

        The forget bias is taken from the bias of ``i``, the first of ``gates``.
        """
        k_draw, k_f = jax.random.split(key)
        w_ih, w_hh, b = self.draw(k_draw, input_size, dtype, gates)
        if b is None:
            return w_ih, w_hh, None
        # 1 - sigmoid(z) = sigmoid(-z): f is a gate whose bias is minus that of i.
        f = add_forget_bias(-b[:1], self.forget_bias, k_f, ("f",))
        return w_ih, w_hh, b.at[0].set(-f[0])

    def _draw_recurrent(
        self, key: Key, gates: Sequence[str], recurrent_size: int | None, dtype: DType
    ) -> Array:
        init, n = self.w_hh_init, self.hidden_size
        if recurrent_size is None:
            return init_recurrent(init, key, gates, n, self.num_heads, dtype)
        return init_gates(init, key, gates, (recurrent_size, n), dtype)


@dataclass(frozen=True, repr=False)
class LSTMFamily(LSTMOptions):
    """The cells of the LSTM family whose carry is a hidden and a cell state."""

    @final
    def init_carry(
        self, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> LSTMCarry:
        """Return a zero hidden state and a zero cell state."""
        shape = (*batch_shape, self.hidden_size)
        # Two buffers: a carry with one buffer twice cannot be donated to a jitted step.
        return LSTMCarry(h=jnp.zeros(shape, dtype), c=jnp.zeros(shape, dtype))
