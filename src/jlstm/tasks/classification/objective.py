"""Labelled sequences and their batches; classes are learnt, accuracy is exact."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Int, Integer, Real, Shaped

from jlstm._internal.options import Size
from jlstm._internal.types import Carry, Key
from jlstm.data.batch_config import BatchConfig
from jlstm.data.bucket import BucketedBatches, lengths_of
from jlstm.data.records import Records
from jlstm.data.share import WHOLE, OwnRows, Share
from jlstm.losses import token_nll
from jlstm.metrics.confusion import class_scores, confusion
from jlstm.tasks.classification.model import Classifier, ClassifierConfig
from jlstm.training.config.class_loss import ClassLoss
from jlstm.training.select import Better
from jlstm.training.task import Metrics


class Examples(NamedTuple):
    """Sequences, token ids ``t`` or vectors ``t x``, and the label of each."""

    sequences: Sequence[Shaped[np.ndarray, "t ..."]]
    labels: Real[np.ndarray, " n"]

    def take(self, rows: Integer[np.ndarray, " k"]) -> "Examples":
        """Return the examples at ``rows``."""
        return Examples([self.sequences[row] for row in rows], self.labels[rows])


class LabelledBatch(NamedTuple):
    """Rows side by side, time first, and the label of each.

    ``weights`` are 1, and 0 for a row that only fills the batch. ``lengths`` is None
    where every row has all the steps.
    """

    xs: Shaped[np.ndarray | Array, "t b ..."]
    lengths: Int[np.ndarray | Array, " b"] | None
    labels: Real[np.ndarray | Array, " b"]
    weights: Float[np.ndarray | Array, " b"]


@dataclass(frozen=True, eq=False)
class LabelledBatches(OwnRows, Sequence):
    """Batches of labelled sequences, each of them in one batch.

    Example:
        >>> examples = Examples([np.ones(n) for n in (2, 5, 3)], np.array([0, 1, 1]))
        >>> batches = LabelledBatches(examples, batch_size=2, boundaries=(3, 5))
        >>> [(b.xs.shape, b.labels.tolist(), b.weights.tolist()) for b in batches]
        [((3, 2), [0, 1], [1.0, 1.0]), ((5, 2), [1, 0], [1.0, 0.0])]
    """

    examples: Examples
    batch_size: Size
    boundaries: tuple[int, ...]
    seed: int | None = None
    share: Share = WHOLE

    def own(self, share: Share) -> "LabelledBatches":
        """Return the same batches with a share of their rows.

        Who leaves out what is broken counts it, which takes all rows.
        """
        sequences = self.examples.sequences
        skips = isinstance(sequences, Records) and sequences.on_error == "skip"
        return self if skips else replace(self, share=share)

    @cached_property
    def padded(self) -> BucketedBatches:
        """The batches without their labels."""
        cut = self.batch_size, self.boundaries, self.seed, self.share
        return BucketedBatches(self.examples.sequences, *cut)

    @cached_property
    def _uniform(self) -> bool:
        return bool((lengths_of(self.examples.sequences) == self.boundaries[0]).all())

    @property
    def _kind(self) -> type[np.generic]:
        classes = np.issubdtype(self.examples.labels.dtype, np.integer)
        return np.int32 if classes else np.float32

    def __len__(self) -> int:
        return len(self.padded)

    def __getitem__(self, number: int) -> LabelledBatch:
        xs, lengths, rows = self.padded[number]
        return LabelledBatch(
            xs,
            None if self._uniform else lengths.astype(np.int32),
            np.where(rows < 0, 0, self.examples.labels[rows]).astype(self._kind),
            (rows >= 0).astype(np.float32),
        )

    def __iter__(self) -> Iterator[LabelledBatch]:
        return map(self.__getitem__, range(len(self)))


@dataclass(frozen=True, eq=False)
class LabelledTask:
    """A label per sequence, whatever it is; see :class:`jlstm.training.task.Task`.

    Attributes:
        model: hyper-parameters of the model.
        num_classes: outputs of the model: a logit for each class, or one number.
        train: what to learn from.
        valid: what chooses the best epoch.
        test: what is scored in the end, None for nothing.
        vocab_size: of token ids, or else
        input_size: features of the vectors.
        unknown: the token id of words that training lacks, see ``Classifier``.
        cut: how examples are put into batches.
        change: what becomes of the training examples in an epoch, given a generator
            that depends on it: spans drawn again, noise. None leaves them as they are.
        baselines: mean nats per example of the baselines.
        seed: of the order of the batches.
    """

    model: ClassifierConfig
    num_classes: int
    train: Examples
    valid: Examples
    test: Examples | None = None
    vocab_size: int | None = None
    input_size: int | None = None
    unknown: int | None = None
    cut: BatchConfig = BatchConfig()
    change: Callable[[Examples, np.random.Generator], Examples] | None = None
    baselines: dict[str, float] = field(default_factory=dict)
    seed: int = 0
    unit: str = "examples"

    @property
    def has_test(self) -> bool:
        """Whether there is a test part."""
        return self.test is not None

    def make_model(self, key: Key) -> Classifier:
        """Draw a model."""
        return Classifier(
            self.model,
            self.num_classes,
            vocab_size=self.vocab_size,
            input_size=self.input_size,
            unknown=self.unknown,
            rngs=nnx.Rngs(key),
        )

    def init_carry(self) -> Carry:
        """Return nothing: each row starts from zeros."""
        return ()

    @cached_property
    def boundaries(self) -> tuple[int, ...]:
        """The lengths to pad to, the same in all parts."""
        parts = [part for part in (self.train, self.valid, self.test) if part]
        return self.cut.boundaries(*(lengths_of(part.sequences) for part in parts))

    def batches(self, epoch: int) -> LabelledBatches:
        """Return the training batches, in an order of their own each epoch."""
        examples = self.train
        if self.change is not None:
            examples = self.change(examples, np.random.default_rng((self.seed, epoch)))
        seed = self.seed + 1_000_003 * epoch
        return LabelledBatches(examples, self.cut.batch_size, self.boundaries, seed)

    def count(self, batch: LabelledBatch) -> int:
        """Return the number of examples."""
        return int(np.sum(batch.weights))

    def part(self, name: str) -> Examples:
        """Return what is scored: ``"test"``, or ``"valid"``."""
        return self.test if name == "test" and self.test is not None else self.valid

    def logits(self, model: Classifier, examples: Examples) -> Float[np.ndarray, "n k"]:
        """Return the logits of each example, in their order."""
        out = np.zeros((len(examples.labels), self.num_classes), np.float32)
        batches = LabelledBatches(examples, self.cut.eval_batch, self.boundaries)
        for padded, batch in zip(batches.padded, batches, strict=True):
            real = padded.rows >= 0
            answers = np.asarray(_logits(model, batch.xs, batch.lengths))
            out[padded.rows[real]] = answers[real]
        return out


@dataclass(frozen=True, eq=False)
class ClassifyTask(LabelledTask):
    """One class per sequence.

    Attributes:
        aim: how the classes count in training.
    """

    aim: ClassLoss = ClassLoss()

    @property
    def measures(self) -> dict[str, Better]:
        """The metrics that can choose the best epoch."""
        return {"loss": "lower", "accuracy": "higher", "macro_f1": "higher"}

    def loss(
        self, model: Classifier, carry: Carry, batch: LabelledBatch, key: Key
    ) -> tuple[Float[Array, ""], tuple[Carry, Metrics]]:
        """Return the mean loss per example, and the share that is right."""
        logits = model(batch.xs, batch.lengths, key=key)
        live = jnp.asarray(batch.weights)
        loss = self.aim.mean(logits, jnp.asarray(batch.labels), live)
        right = jnp.argmax(logits, axis=-1).astype(jnp.int32) == batch.labels
        total = jnp.maximum(jnp.sum(live), 1)
        accuracy = jnp.sum(jnp.where(right, live, 0)) / total
        return loss, (carry, {"loss": loss, "accuracy": accuracy})

    def evaluate(self, model: Classifier, part: str) -> dict[str, float]:
        """Return ``loss`` (nats per example, all weighted equally), accuracy and F1.

        ``macro_f1`` is the mean F1 of the classes that occur or are given.
        """
        examples = self.part(part)
        logits = self.logits(model, examples)
        nll = token_nll(jnp.asarray(logits), jnp.asarray(examples.labels))
        best = logits.argmax(axis=1)
        counts = confusion(examples.labels, best, self.num_classes)
        return {
            "loss": float(jnp.mean(nll)),
            "accuracy": float((best == examples.labels).mean()),
            "macro_f1": class_scores(counts).macro_f1,
        }


@jax.jit
def _logits(model: Classifier, xs: Array, lengths: Array | None) -> Float[Array, "b k"]:
    return model(xs, lengths)
