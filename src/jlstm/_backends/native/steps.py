"""A generated program over a sequence, as a routine of the kernel.

The JAX form runs wherever the kernel does not: on other platforms, where XLA splits a
program over devices by itself, in exported programs, and in derivatives of second
order.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax.interpreters import mlir
from jaxtyping import Array

from jlstm._backends.native.compiled import Compiled
from jlstm._backends.native.equations.plan import INPUT
from jlstm._backends.native.routine import Routine, Types, call
from jlstm._internal.tree import select


@dataclass(frozen=True)
class StepsRoutine(Routine):
    """Shows the hidden state after every step, and the last of the other leaves.

    Unlike the output of :func:`jlstm.unroll`, the hidden state of a step that is not
    live is what is held there. Kept are the other leaves at every step, where the way
    back reads them, and the columns that the program asks for.
    """

    compiled: Compiled
    features: int
    reverse: bool = False

    @property
    def rows(self) -> dict[str, int]:
        """The axis of the rows in the inputs that have one."""
        axes = {"x": 1, "s": 1, "r": 0, "h": 0, "f": 0, "l": 1}
        found = {
            name: axes[name[0]]
            for name in self.compiled.inputs_type._fields
            if name[0] in axes
        }
        return found | {"resets": 1}

    def formula(self, inputs: Any) -> list[Array]:
        """Compute step by step in JAX."""
        shown, step = self.compiled.program.shown, self._step(inputs)
        first, fresh = self._named(inputs, "h"), self._named(inputs, "f")

        def advance(carry: list, at: tuple) -> tuple[list, list]:
            x, streams, live, reset = at
            if reset is not None:
                carry = select(reset, fresh, carry)
            new = step(carry, x, streams)
            if live is not None:
                new = select(live, new, carry)
            return new, new[:shown]

        steps = (inputs.xs, self._named(inputs, "s"), inputs.live, inputs.resets)
        last, hs = jax.lax.scan(advance, first, steps, reverse=self.reverse)
        return [*hs, *last[shown:]]

    def _step(self, inputs: Any) -> Callable[[list, Any, list], list]:
        """Return the step in the kernel as a function of carry, x and streams."""
        c, cut = self.compiled, self.compiled.cut
        rows = inputs.h0.shape[0]
        sizes, true = c.sizes(rows, self.features), c.at(rows, self.features)
        weights = iter(self._named(inputs, "w"))
        given = [
            *_unpacked(c.vectors, self._named(inputs, "v"), sizes),
            *_unpacked(c.rows, self._named(inputs, "r"), sizes),
            *(of.unpacked([next(weights) for _ in of.used], sizes) for of in c.weights),
        ]
        read = [*cut.vectors, *cut.rows, *(p.weight for p in cut.products)]
        shared = dict(zip(read, given, strict=True))
        products = (n for p in cut.products for n in p.equations)
        equations = sorted({*cut.equations, *products})
        places = [*cut.carry, *cut.x, *cut.streams, *shared]
        function = true.part(places, equations, true.outputs)
        dtypes = [true.at[place].aval.dtype for place in places]

        def step(carry: list, x: Any, streams: list) -> list:
            parts = iter(carry)
            leaves = [
                of.joined([next(parts) for _ in range(of.width)], sizes)
                for of in c.carry
            ]
            streams = _unpacked(c.streams, streams, sizes)
            taken = [] if x is None else [x]
            values = [*leaves, *taken, *streams, *shared.values()]
            new = function(*map(jnp.astype, values, dtypes))
            pairs = zip(c.carry, new, strict=True)
            return [part for of, leaf in pairs for part in of.split(leaf, sizes)]

        return step

    def shown(self, inputs: Types) -> list[Any]:
        """Return the types; they vary over the devices that the carry does."""
        steps = self._steps(inputs)
        h = inputs.h0
        hs = h.update(shape=(steps, *h.shape), weak_type=False)
        shown = self.compiled.program.shown
        return [hs] * shown + self._named(inputs, "h")[shown:]

    def kept(self, inputs: Types) -> list[Any]:
        """Return the types."""
        program, hs = self.compiled.program, self.shown(inputs)[0]
        leaves = [hs for kept in program.kept_carry[program.shown :] if kept]
        steps, rows, size = hs.shape
        wide = hs.update(shape=(steps, rows, program.width, size))
        return leaves + ([wide] if program.width else [])

    def row_axes(self, inputs: Types) -> list[int]:
        """Return the axes of the batch."""
        shown = self.compiled.program.shown
        last = self.compiled.leaves - shown
        return [1] * shown + [0] * last + [1] * len(self.kept(inputs))

    def layout(self, inputs: Types) -> dict[str, tuple]:
        """Return what fits the carry and the cell."""
        c, steps, rows = self.compiled, self._steps(inputs), inputs.h0.shape[0]
        size = c.units
        features = 0 if inputs.xs is None else inputs.xs.shape[-1]
        shapes: dict[str, tuple] = {"xs": (steps, rows, features)}
        for n, product in enumerate(c.program.products):
            wide = features if product.operand.kind == INPUT else size
            shapes[f"w{n}"] = (wide, len(product.used), size)
        shapes |= {
            f"s{n}": (steps, rows, of.width, size) for n, of in enumerate(c.streams)
        }
        shapes |= {f"v{n}": (of.width, size) for n, of in enumerate(c.vectors)}
        shapes |= {f"r{n}": (rows, of.width, size) for n, of in enumerate(c.rows)}
        for kind in "hf":
            shapes |= {f"{kind}{n}": (rows, size) for n in range(c.leaves)}
        flags = dict.fromkeys(("live", "resets"), ((steps, rows), "bool"))
        dtypes = {"w": c.weight_dtype}
        typed = {
            name: (shape, dtypes.get(name[0], c.real)) for name, shape in shapes.items()
        }
        return typed | flags

    def forward(
        self, ctx: mlir.LoweringRuleContext, inputs: Any, types: Types, keep: bool
    ) -> list:
        """Lower to the kernel."""
        kept = self._kept_by_place(self.kept(types)) if keep else self._nothing()
        results = [*self.shown(types), *kept]
        return call(
            ctx, "cell_forward", [*inputs], [*types], results, **self._options()
        )

    def backward(
        self,
        ctx: mlir.LoweringRuleContext,
        values: tuple[Any, list, list],
        types: tuple[Types, list, list],
        wanted: tuple[str, ...],
    ) -> list:
        """Lower to the kernel.

        The gradients of the pre-activations take the place of what was kept.
        """
        made = self._made(types[0], wanted)
        fields = self.compiled.inputs_type._fields[:-2]  # of the flags there is none
        results = [getattr(types[0], name) if name in made else None for name in fields]
        wide = types[1][-1] if self.compiled.program.width else None
        operands = self._operands(*values)
        at = len(operands) - 1 - self.compiled.leaves
        out = call(
            ctx, "cell_backward", operands, self._operands(*types), [wide, *results],
            aliases={} if wide is None else {at: 0}, **self._options(),
        )  # fmt: skip
        names = [name for name in fields if name in made]
        grads = dict(zip(names, out[0 if wide is None else 1 :], strict=True))
        return [grads[name] for name in wanted]

    def _options(self) -> dict[str, Any]:
        c = self.compiled
        return {"real": c.real, "cell": c.key, "reverse": self.reverse}

    def _operands(self, inputs: Any, outputs: list, cotangents: list) -> list:
        shown = self.compiled.program.shown
        kept = self._kept_by_place(outputs[self.compiled.leaves :])
        return [*inputs, *outputs[:shown], *kept, *cotangents]

    def _kept_by_place(self, kept: list) -> list:
        """Return what is kept with None for what is not."""
        program, waiting = self.compiled.program, iter(kept)
        others = program.kept_carry[program.shown :]
        leaves = [next(waiting) if is_kept else None for is_kept in others]
        return [*leaves, next(waiting) if program.width else None]

    def _nothing(self) -> list:
        return [None] * (self.compiled.leaves - self.compiled.program.shown + 1)

    def _made(self, types: Types, wanted: tuple[str, ...]) -> set[str]:
        """Return which gradients the kernel makes: weights and vectors all or none."""
        names = {name for name in types._fields if name[0] in "hf"}
        for kind in "wv":
            if any(name[0] == kind for name in wanted):
                names |= {name for name in types._fields if name[0] == kind}
        names |= {name for name in wanted if name[0] in "xsr"}
        return {name for name in names if getattr(types, name) is not None}

    def _named(self, inputs: Any, kind: str) -> list:
        found = [
            value
            for name, value in zip(inputs._fields, inputs, strict=True)
            if name[0] == kind and name[1:].isdigit()
        ]
        return [] if any(value is None for value in found) else found

    def _steps(self, inputs: Any) -> int:
        leaf = next(
            value
            for name, value in zip(inputs._fields, inputs, strict=True)
            if name[0] in "xs" and value is not None
        )
        return leaf.shape[0]


def _unpacked(layouts: list, packed: list, sizes: Any) -> list[Array]:
    pairs = zip(layouts, packed, strict=True)
    return [layout.unpacked(value, sizes) for layout, value in pairs]
