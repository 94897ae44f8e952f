"""The negative log-likelihood under a softmax, as a routine of the kernel."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from jax.interpreters import mlir
from jaxtyping import Array

from jlstm._backends.native.routine import Routine, Types, call
from jlstm._internal.affine import affine
from jlstm.losses.tokens import token_nll

LANES = 16
"""The kernel keeps logits in panels whose width is at most rounded up to this."""


class LikelihoodInputs(NamedTuple):
    """Features, weight and bias of the logits, and what was to be predicted."""

    hs: Any  # n h
    w: Any  # h v, or v h
    b: Any  # v, or None
    targets: Any  # n


@dataclass(frozen=True)
class Likelihood(Routine):
    """Shows the nats of every row; keeps their normaliser and the logits.

    Args:
        tied: the weight is that of an embedding: ``v h``.
    """

    tied: bool = False

    rows: ClassVar = {"hs": 0, "targets": 0}

    def formula(self, inputs: LikelihoodInputs) -> list[Array]:
        """Make the logits and read the likelihood off them."""
        weight = inputs.w.T if self.tied else inputs.w
        return [token_nll(affine(inputs.hs, weight, inputs.b), inputs.targets)]

    def shown(self, inputs: Types) -> list[Any]:
        """Return the type: one number per row."""
        return [inputs.hs.update(shape=inputs.hs.shape[:1], weak_type=False)]

    def kept(self, inputs: Types) -> list[Any]:
        """Return the types: one number per row, and panels of logits."""
        classes = inputs.w.shape[0 if self.tied else 1]
        wide = -(-classes // LANES) * LANES
        logits = inputs.hs.update(shape=(inputs.hs.shape[0] * wide,), weak_type=False)
        return [*self.shown(inputs), logits]

    def layout(self, inputs: Types) -> dict[str, tuple]:
        """Return what fits the features and the number of classes."""
        rows, features = inputs.hs.shape
        classes = inputs.w.shape[0 if self.tied else 1]
        weight = (classes, features) if self.tied else (features, classes)
        return {
            "hs": ((rows, features), "float32"),
            "w": (weight, "float32"),
            "b": ((classes,), "float32"),
            "targets": ((rows,), "int32"),
        }

    def row_axes(self, inputs: Types) -> list[int]:
        """Return the axes of the rows."""
        return [0, 0, 0]

    def forward(
        self, ctx: mlir.LoweringRuleContext, inputs: Any, types: Types, keep: bool
    ) -> list:
        """Lower to the kernel; it always tells the normaliser."""
        (nll,) = self.shown(types)
        results = [nll, nll, self.kept(types)[1] if keep else None]
        out = call(ctx, "nll_forward", [*inputs], [*types], results, tied=self.tied)
        return out if keep else out[:1]

    def backward(
        self,
        ctx: mlir.LoweringRuleContext,
        values: tuple[Any, list, list],
        types: tuple[Types, list, list],
        wanted: tuple[str, ...],
    ) -> list:
        """Lower to the kernel; gradients of logits take the place of the logits."""
        inputs = types[0]
        made = [getattr(inputs, n) if n in wanted else None for n in ("hs", "w", "b")]
        out = call(
            ctx,
            "nll_backward",
            _operands(*values),
            _operands(*types),
            [types[1][2], *made],
            aliases={len(LikelihoodInputs._fields) + 1: 0},
            tied=self.tied,
        )
        names = [name for name in ("hs", "w", "b") if name in wanted]
        grads = dict(zip(names, out[1:], strict=True))
        return [grads[name] for name in wanted]


def _operands(inputs: Any, outputs: list, cotangents: list) -> list:
    _, normaliser, logits = outputs
    return [*inputs, normaliser, logits, *cotangents]
