"""LSTM and GRU over a sequence as a routine of the kernel.

The JAX form runs wherever the kernel does not: on other platforms, where XLA splits a
program over devices by itself, in exported programs, and in derivatives of second
order.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import jax
from jax.interpreters import mlir
from jaxtyping import Array, Bool, Float

from jlstm._backends.native.routine import Routine, Types, call
from jlstm._internal.tree import select
from jlstm._internal.types import Carry, Params
from jlstm.cells.family import LSTMCarry
from jlstm.cells.gru import GRUCarry, GRUCell, GRUParams
from jlstm.cells.lstm import LSTMCell, LSTMParams

WEIGHTS = ("w_ih", "w_hh", "b", "b_hn")
CARRIES = ("h", "c", "fresh_h", "fresh_c")


class SequenceInputs(NamedTuple):
    """What a sequence is computed from; ``None`` stands for what a run has not."""

    xs: Any  # t b x
    w_ih: Any  # x g h
    w_hh: Any  # h g h
    b: Any  # g h
    b_hn: Any  # h
    h: Any  # b h
    c: Any  # b h
    fresh_h: Any  # b h
    fresh_c: Any  # b h
    live: Any  # t b
    resets: Any  # t b


@dataclass(frozen=True)
class Sequence(Routine):
    """Shows the hidden state after every step and the last cell state, if any.

    Unlike the output of :func:`jlstm.unroll`, the hidden state of a step that is not
    live is what is held there. Kept are all cell states, and four arrays of gates side
    by side.
    """

    cell: LSTMCell | GRUCell
    reverse: bool = False

    rows: ClassVar = {
        "xs": 1, "h": 0, "c": 0, "fresh_h": 0, "fresh_c": 0, "live": 1, "resets": 1,
    }  # fmt: skip

    @property
    def has_c(self) -> bool:
        """Whether the cell has a cell state."""
        return isinstance(self.cell, LSTMCell)

    def formula(self, inputs: SequenceInputs) -> list[Array]:
        """Compute step by step in JAX."""
        params, carry, fresh = _of_cell(self.cell, inputs)

        def step(carry: Carry, at: tuple) -> tuple[Carry, Array]:
            zx, live, reset = at
            if reset is not None:
                carry = select(reset, fresh, carry)
            new, _ = self.cell.step(params, carry, zx, None)
            if live is not None:
                new = select(live, new, carry)
            return new, new.h

        steps = (self.cell.project(params, inputs.xs), inputs.live, inputs.resets)
        last, hs = jax.lax.scan(step, carry, steps, reverse=self.reverse)
        return [hs, last.c] if self.has_c else [hs]

    def shown(self, inputs: Types) -> list[Any]:
        """Return the types; they vary over the devices that ``xs`` does."""
        hs = _wide(inputs, self.cell.hidden_size)
        return [hs, inputs.c] if self.has_c else [hs]

    def kept(self, inputs: Types) -> list[Any]:
        """Return the types."""
        size = self.cell.hidden_size
        gates = _wide(inputs, 4 * size)
        return [_wide(inputs, size), gates] if self.has_c else [gates]

    def layout(self, inputs: Types) -> dict[str, tuple]:
        """Return what fits the input and the cell."""
        steps, rows, features = inputs.xs.shape
        gates, size = 4 if self.has_c else 3, self.cell.hidden_size
        shapes = {
            "xs": (steps, rows, features),
            "w_ih": (features, gates, size),
            "w_hh": (size, gates, size),
            "b": (gates, size),
            "b_hn": (size,),
            **dict.fromkeys(CARRIES, (rows, size)),
        }
        flags = dict.fromkeys(("live", "resets"), ((steps, rows), "bool"))
        return {name: (shape, "float32") for name, shape in shapes.items()} | flags

    def row_axes(self, inputs: Types) -> list[int]:
        """Return the axes of the batch."""
        return [1, 0, 1, 1] if self.has_c else [1, 1]

    def forward(
        self, ctx: mlir.LoweringRuleContext, inputs: Any, types: Types, keep: bool
    ) -> list:
        """Lower to the kernel: hs, c, cs, kept."""
        c = types.c
        cs, kept = None, None
        if keep:
            *cs, kept = self.kept(types)
            cs = cs[0] if cs else None
        results = [self.shown(types)[0], c, cs, kept]
        name = f"{self._name}_forward"
        return call(ctx, name, [*inputs], [*types], results, reverse=self.reverse)

    def backward(
        self,
        ctx: mlir.LoweringRuleContext,
        values: tuple[Any, list, list],
        types: tuple[Types, list, list],
        wanted: tuple[str, ...],
    ) -> list:
        """Lower to the kernel.

        It also makes the gradients of the pre-activations, in the place of what the
        forward pass kept.
        """
        made = _made(types[0], wanted)
        names = [name for name in ("xs", *WEIGHTS, *CARRIES) if name in made]
        results = [
            types[1][-1],
            *(
                getattr(types[0], name) if name in made else None
                for name in ("xs", *WEIGHTS, *CARRIES)
            ),
        ]
        out = call(
            ctx,
            f"{self._name}_backward",
            self._operands(*values),
            self._operands(*types),
            results,
            aliases={len(SequenceInputs._fields) + 2: 0},
            reverse=self.reverse,
        )
        grads = dict(zip(names, out[1:], strict=True))
        return [grads[name] for name in wanted]

    @property
    def _name(self) -> str:
        return "lstm" if self.has_c else "gru"

    def _operands(self, inputs: Any, outputs: list, cotangents: list) -> list:
        hs, cs, kept = (
            (outputs[0], *outputs[2:]) if self.has_c else (outputs[0], None, outputs[1])
        )
        d_hs, d_c = (*cotangents, None)[:2]
        return [*inputs, hs, cs, kept, d_hs, d_c]


def gather(
    params: Params,
    xs: Float[Array, "t *bx"],
    carry: Carry,
    fresh: Carry,
    live: Bool[Array, "t *b"] | None,
    resets: Bool[Array, "t *b"] | None,
) -> SequenceInputs:
    """Collect the inputs, weights cast to the dtype of ``xs``."""
    w_ih, w_hh, b, b_hn = (
        None if w is None else w.astype(xs.dtype) for w in (*params, None)[:4]
    )
    h, c = (*carry, None)[:2]
    fresh_h, fresh_c = (None, None) if resets is None else (*fresh, None)[:2]
    return SequenceInputs(xs, w_ih, w_hh, b, b_hn, h, c, fresh_h, fresh_c, live, resets)


def _wide(inputs: Types, width: int) -> Any:
    steps, rows, _ = inputs.xs.shape
    return inputs.xs.update(shape=(steps, rows, width), weak_type=False)


def _made(types: Types, wanted: tuple[str, ...]) -> set[str]:
    """Return which gradients the kernel makes: carries always, weights all or none."""
    names = {*CARRIES, *(("xs",) if "xs" in wanted else ())}
    if set(WEIGHTS) & set(wanted):
        names |= set(WEIGHTS)
    return {name for name in names if getattr(types, name) is not None}


def _of_cell(
    cell: LSTMCell | GRUCell, inputs: SequenceInputs
) -> tuple[Params, Carry, Carry]:
    if isinstance(cell, LSTMCell):
        return (
            LSTMParams(inputs.w_ih, inputs.w_hh, inputs.b),
            LSTMCarry(inputs.h, inputs.c),
            LSTMCarry(inputs.fresh_h, inputs.fresh_c),
        )
    return (
        GRUParams(inputs.w_ih, inputs.w_hh, inputs.b, inputs.b_hn),
        GRUCarry(inputs.h),
        GRUCarry(inputs.fresh_h),
    )
