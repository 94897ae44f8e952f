"""A number per sequence: the squared error of z-scores is learnt, scores have units."""

from dataclasses import dataclass, field

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Real

from jlstm._internal.types import Carry, Key
from jlstm.data.scale import Scaler
from jlstm.tasks.classification.model import Classifier
from jlstm.tasks.classification.objective import Examples, LabelledBatch, LabelledTask
from jlstm.training.select import Better
from jlstm.training.task import Metrics

MEASURES: dict[str, Better] = {
    "mse": "lower", "rmse": "lower", "mae": "lower", "r2": "higher",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class RegressTask(LabelledTask):
    """One number per sequence, as z-scores of the numbers of training.

    Attributes:
        target: what makes numbers of z-scores.
    """

    target: Scaler = field(kw_only=True)

    @property
    def measures(self) -> dict[str, Better]:
        """The metrics that can choose the best epoch."""
        return {"loss": "lower"} | MEASURES

    def loss(
        self, model: Classifier, carry: Carry, batch: LabelledBatch, key: Key
    ) -> tuple[Float[Array, ""], tuple[Carry, Metrics]]:
        """Return the mean squared error of a batch, of z-scores."""
        answers = model(batch.xs, batch.lengths, key=key)[:, 0]
        live = jnp.asarray(batch.weights)
        wrong = jnp.where(live > 0, answers - jnp.asarray(batch.labels), 0)
        loss = jnp.sum(wrong**2) / jnp.maximum(jnp.sum(live), 1)
        return loss, (carry, {"loss": loss})

    def evaluate(self, model: Classifier, part: str) -> dict[str, float]:
        """Return ``loss`` of z-scores, and the scores of numbers in their own unit."""
        examples = self.part(part)
        answers = self.logits(model, examples).astype(np.float64)
        loss = float(np.mean((answers[:, 0] - examples.labels) ** 2))
        truth = self.target.unscale(examples.labels[:, None])
        return {"loss": loss} | number_scores(truth, self.target.unscale(answers))


def scaled(examples: Examples, target: Scaler) -> Examples:
    """Return examples whose labels are z-scores."""
    labels = target.scale(examples.labels[:, None].astype(np.float64))
    return examples._replace(labels=labels[:, 0])


def number_scores(
    truth: Real[np.ndarray, "*n"], answers: Real[np.ndarray, "*n"]
) -> dict[str, float]:
    """Return the mean squared error, its root, the mean absolute error and R².

    R² is the share of the variance of ``truth`` that is explained; of numbers that are
    all the same it is 1 where every answer is right, and else 0, as in scikit-learn.

    Example:
        >>> number_scores(np.array([1.0, 3.0]), np.array([1.0, 2.0]))
        {'mse': 0.5, 'rmse': 0.7071067811865476, 'mae': 0.5, 'r2': 0.5}
    """
    errors = answers - truth
    mse, spread = float(np.mean(errors**2)), float(np.var(truth))
    r2 = 1 - mse / spread if spread > 0 else float(mse == 0)
    mae = float(np.mean(np.abs(errors)))
    return {"mse": mse, "rmse": mse**0.5, "mae": mae, "r2": r2}
