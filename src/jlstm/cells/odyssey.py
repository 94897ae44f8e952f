"""The peephole LSTM with parts removed, coupled or added, as a study compared them."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.affine import affine
from jlstm._internal.repr import shapes_repr
from jlstm._internal.tree import like
from jlstm._internal.types import DType, Key, Shape
from jlstm.cell import AffineCell
from jlstm.cells.family import LSTMCarry, LSTMGates, LSTMOptions
from jlstm.initializers import (
    Constant,
    GateInitializer,
    Initializer,
    Orthogonal,
    draw_from,
    init_gates,
)


class OdysseyLSTMParams(NamedTuple):
    """Parameters of :class:`OdysseyLSTMCell`.

    The gate axis holds those of i, f, g, o that the cell computes, in this order. What
    the cell does not have is None. ``w_gates`` goes from the previous i, f, o (first
    two axes) to the present ones (last two).
    """

    w_ih: Float[Array, "x g h"]
    w_hh: Float[Array, "h g h"]
    b: Float[Array, "g h"] | None
    p_i: Float[Array, "h"] | None
    p_f: Float[Array, "h"] | None
    p_o: Float[Array, "h"] | None
    w_gates: Float[Array, "3 h 3 h"] | None

    __repr__ = shapes_repr


class OdysseyLSTMCarry(NamedTuple):
    """Carry with ``full_gate_recurrence``: hidden state, cell state and the gates."""

    h: Float[Array, "*b h"]
    c: Float[Array, "*b h"]
    i: Float[Array, "*b h"]
    f: Float[Array, "*b h"]
    o: Float[Array, "*b h"]

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class OdysseyLSTMCell(AffineCell, LSTMOptions):
    r"""LSTM in the variants of a large comparison; by default the peephole LSTM.

    .. math::
        i_t &= \sigma(W_i [h_{t-1}, x_t] + p_i \odot c_{t-1} + b_i) \\
        f_t &= \sigma(W_f [h_{t-1}, x_t] + p_f \odot c_{t-1} + b_f) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot \tanh(W_g [h_{t-1}, x_t] + b_g) \\
        o_t &= \sigma(W_o [h_{t-1}, x_t] + p_o \odot c_t + b_o) \\
        h_t &= o_t \odot \tanh(c_t)

    ==========================================  ===================================
    the paper's name                            options
    ==========================================  ===================================
    NP, no peepholes                            ``peepholes=False``
    NIG, NFG, NOG, no input/forget/output gate  ``input_gate=False``, ...
    NIAF, no input activation                   ``activation="identity"``
    NOAF, no output activation                  ``output_activation="identity"``
    CIFG, coupled gates                         ``coupled=True``
    FGR, full gate recurrence                   ``full_gate_recurrence=True``
    ==========================================  ===================================

    Source: K. Greff et al., "LSTM: a search space odyssey", 2017 (arXiv:1503.04069).

    Args:
        hidden_size: units in ``h`` and ``c``.
        peepholes: the gates read the cell state.
        input_gate: False fixes the gate at 1, and so for the other two.
        forget_gate: see ``input_gate``.
        output_gate: see ``input_gate``.
        coupled: :math:`f_t = 1 - i_t`; the forget bias is then subtracted from
            :math:`b_i`.
        full_gate_recurrence: all three gates read the three gates of the step before,
            through nine more matrices; the carry is an :class:`OdysseyLSTMCarry`.

    Raises:
        ValueError: options contradict each other.

    Example:
        >>> cell = OdysseyLSTMCell(3, forget_gate=False)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> params.w_ih.shape, params.p_f
        ((2, 3, 3), None)
    """

    peepholes: bool = True
    input_gate: bool = True
    forget_gate: bool = True
    output_gate: bool = True
    coupled: bool = False
    full_gate_recurrence: bool = False
    peephole_init: Initializer = Constant(0.0)
    w_gates_init: GateInitializer = Orthogonal()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_variant(self)

    @property
    def gates(self) -> tuple[str, ...]:
        """The blocks of the gate axis: those of i, f, g, o that are computed."""
        computed = {
            "i": self.input_gate,
            "f": self.forget_gate and not self.coupled,
            "g": True,
            "o": self.output_gate,
        }
        return tuple(name for name, is_computed in computed.items() if is_computed)

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> OdysseyLSTMParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_maps, k_gates, *k_p = jax.random.split(key, 5)
        draw = self.draw_coupled if self.coupled else self.draw
        maps = draw(k_maps, input_size, dtype, self.gates)
        peepholes = (
            self._draw_peephole(k, gate, dtype)
            for k, gate in zip(k_p, "ifo", strict=True)
        )
        return OdysseyLSTMParams(*maps, *peepholes, self._draw_w_gates(k_gates, dtype))

    def init_carry(
        self, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> LSTMCarry | OdysseyLSTMCarry:
        """Return zero states and, with full gate recurrence, zero gates."""
        kind = OdysseyLSTMCarry if self.full_gate_recurrence else LSTMCarry
        shape = (*batch_shape, self.hidden_size)
        return kind(*(jnp.zeros(shape, dtype) for _ in kind._fields))

    def gate(
        self,
        params: OdysseyLSTMParams,
        carry: LSTMCarry | OdysseyLSTMCarry,
        zx: Float[Array, "*b g h"],
        zh: Float[Array, "*b g h"],
    ) -> tuple[LSTMCarry | OdysseyLSTMCarry, LSTMGates]:
        """Apply the equations of the variant."""
        z = dict(zip(self.gates, jnp.unstack(zx + zh, axis=-2), strict=True))
        if self.full_gate_recurrence:
            z |= recur_gates(params.w_gates, carry, z)
        _, candidate, output = self.activations()
        i = self._open(z.get("i"), params.p_i, carry.c)
        f = 1 - i if self.coupled else self._open(z.get("f"), params.p_f, carry.c)
        g = candidate(z["g"])
        c = self.clip(f * carry.c + i * g)
        o = self._open(z.get("o"), params.p_o, c)
        h = o * output(c)
        new = (h, c, i, f, o) if self.full_gate_recurrence else (h, c)
        return type(carry)(*new), LSTMGates(i, f, g, o)

    def _open(self, z: Array | None, peephole: Array | None, c: Array) -> Array:
        """Return a gate that sees the cell state, or ones where there is no gate."""
        if z is None:
            return jnp.ones_like(c)
        if peephole is not None:
            z = z + like(peephole, z) * c
        return self.activations().gate(z)

    def _draw_peephole(self, key: Key, gate: str, dtype: DType) -> Array | None:
        if not self.peepholes or gate not in self.gates:
            return None
        return draw_from(self.peephole_init, key, (self.hidden_size,), dtype)

    def _draw_w_gates(self, key: Key, dtype: DType) -> Array | None:
        if not self.full_gate_recurrence:
            return None
        n = self.hidden_size
        rows = (
            init_gates(self.w_gates_init, k, "ifo", (n, n), dtype)
            for k in jax.random.split(key, 3)
        )
        return jnp.stack(list(rows))


def recur_gates(
    w_gates: Float[Array, "3 h 3 h"], carry: OdysseyLSTMCarry, z: dict[str, Array]
) -> dict[str, Array]:
    """Add what the three gates of the step before send to each of i, f and o."""
    before = jnp.concatenate([carry.i, carry.f, carry.o], axis=-1)
    sent = affine(before, w_gates.reshape(-1, *w_gates.shape[2:]))
    return {name: z[name] + sent[..., n, :] for n, name in enumerate("ifo")}


def check_variant(cell: OdysseyLSTMCell) -> None:
    """Raise ValueError for options that contradict each other."""
    if cell.coupled and not (cell.input_gate and cell.forget_gate):
        raise ValueError(
            "OdysseyLSTMCell: coupled=True makes the forget gate 1 - i, so neither "
            "input_gate nor forget_gate can be False. Give coupled=False or both gates."
        )
    if cell.full_gate_recurrence and len(cell.gates) < 4:
        raise ValueError(
            "OdysseyLSTMCell: full_gate_recurrence=True feeds back the gates i, f and "
            f"o, but this variant computes {', '.join(cell.gates)} only. Leave the "
            "gates as they are, or give full_gate_recurrence=False."
        )
