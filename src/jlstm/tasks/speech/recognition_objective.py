"""The recognition task: sounds and what is said in them, without when it is said."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Int, Integer

from jlstm._internal.types import Carry, Key
from jlstm.data.batch_config import BatchConfig
from jlstm.data.bucket import BucketedBatches, pad
from jlstm.data.share import WHOLE, OwnRows, Share
from jlstm.decoding import Decoded, ctc_beam_decode, ctc_greedy_decode
from jlstm.losses.ctc import check_alignable, ctc_loss
from jlstm.metrics import error_rate
from jlstm.tasks.speech.recognizer import BLANK, Recognizer, RecognizerConfig
from jlstm.training.select import Better
from jlstm.training.task import Metrics

ErrorRate = Literal["wer", "per", "cer"]
"""Word, phone or character error rate."""


class Utterances(NamedTuple):
    """Features ``t x`` of each utterance, and its symbols, numbered from 1."""

    features: Sequence[Float[np.ndarray, "t x"]]
    targets: Sequence[Integer[np.ndarray, " n"]]


class SpokenBatch(NamedTuple):
    """Utterances side by side, time first, and their symbols.

    ``weights`` are 1, and 0 for a row that only fills the batch.
    """

    xs: Float[np.ndarray | Array, "t b x"]
    lengths: Int[np.ndarray | Array, " b"]
    targets: Int[np.ndarray | Array, "n b"]
    target_lengths: Int[np.ndarray | Array, " b"]
    weights: Float[np.ndarray | Array, " b"]


class Recognized(NamedTuple):
    """What a model hears in utterances.

    Attributes:
        losses: nats of each utterance.
        greedy: symbols by the most likely path.
        beam: symbols by prefix beam search.
    """

    losses: Float[np.ndarray, " n"]
    greedy: list[list[int]]
    beam: list[list[int]]


@dataclass(frozen=True, eq=False)
class SpokenBatches(OwnRows, Sequence):
    """Batches of utterances, each of them in one batch.

    Example:
        >>> features = [np.ones((n, 1)) for n in (2, 5, 3)]
        >>> said = Utterances(features, [np.array([1]), np.array([2, 1]), np.array([])])
        >>> [b.targets.T.tolist() for b in SpokenBatches(said, 2, (3, 5), most=2)]
        [[[1, 0], [0, 0]], [[2, 1], [0, 0]]]
    """

    utterances: Utterances
    batch_size: int
    boundaries: tuple[int, ...]
    most: int
    seed: int | None = None
    share: Share = WHOLE

    @cached_property
    def padded(self) -> BucketedBatches:
        """The batches without their symbols."""
        cut = self.batch_size, self.boundaries, self.seed, self.share
        return BucketedBatches(self.utterances.features, *cut)

    def __len__(self) -> int:
        return len(self.padded)

    def __getitem__(self, number: int) -> SpokenBatch:
        xs, lengths, rows = self.padded[number]
        real = rows[rows >= 0]
        said = [self.utterances.targets[row].astype(np.int32) for row in real]
        targets = pad(said, real, self.most, self.batch_size)
        return SpokenBatch(
            xs,
            lengths.astype(np.int32),
            targets.xs,
            targets.lengths.astype(np.int32),
            (rows >= 0).astype(np.float32),
        )

    def __iter__(self) -> Iterator[SpokenBatch]:
        return map(self.__getitem__, range(len(self)))


@dataclass(frozen=True, eq=False)
class RecognizeTask:
    """Symbols of utterances by CTC; see :class:`jlstm.training.task.Task`.

    Attributes:
        model: hyper-parameters of the model.
        num_symbols: without the blank.
        train: what to learn from.
        valid: what chooses the best epoch.
        test: what is scored in the end.
        cut: how utterances are put into batches.
        beam: prefixes of the beam search.
        rate: what the share of wrong symbols is called: ``"wer"`` where they are words,
            ``"per"`` phones, ``"cer"`` characters.
        change: what becomes of the training utterances in an epoch, given a generator
            that depends on it. Lengths must not grow. None leaves them as they are.
        seed: of the order of the batches.

    Raises:
        ValueError: an utterance is too short for its symbols.
    """

    model: RecognizerConfig
    num_symbols: int
    train: Utterances
    valid: Utterances
    test: Utterances
    cut: BatchConfig = BatchConfig()
    beam: int = 16
    rate: ErrorRate = "wer"
    change: Callable[[Utterances, np.random.Generator], Utterances] | None = None
    seed: int = 0
    unit: str = "utterances"
    has_test: bool = True
    baselines: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("train", "valid", "test"):
            part = getattr(self, name)
            lengths = np.array([-(-len(one) // self.model.join) for one in part[0]])
            sizes = np.array([len(one) for one in part.targets])
            said = pad(part.targets, np.arange(len(sizes)), self.most, len(sizes)).xs
            try:
                check_alignable(said.astype(int), lengths, sizes, blank=BLANK)
            except ValueError as error:
                raise ValueError(f"The {name} part: {error}") from None

    @cached_property
    def most(self) -> int:
        """The symbols of the longest target, at least 1."""
        parts = (self.train, self.valid, self.test)
        return max(1, *(len(one) for part in parts for one in part.targets))

    @cached_property
    def boundaries(self) -> tuple[int, ...]:
        """The lengths to pad to, the same in all parts."""
        parts = (self.train, self.valid, self.test)
        return self.cut.boundaries(*([*map(len, part.features)] for part in parts))

    @property
    def measures(self) -> dict[str, Better]:
        """The metrics that can choose the best epoch."""
        return {"loss": "lower", self.rate: "lower", f"beam_{self.rate}": "lower"}

    def make_model(self, key: Key) -> Recognizer:
        """Draw a model."""
        size = self.train.features[0].shape[1]
        return Recognizer(self.model, self.num_symbols, size, rngs=nnx.Rngs(key))

    def init_carry(self) -> Carry:
        """Return nothing: each utterance starts from zeros."""
        return ()

    def batches(self, epoch: int) -> SpokenBatches:
        """Return the training batches, in an order of their own each epoch."""
        said = self.train
        if self.change is not None:
            said = self.change(said, np.random.default_rng((self.seed, epoch)))
        seed = self.seed + 1_000_003 * epoch
        return self._batches(said, self.cut.batch_size, seed)

    def _batches(
        self, said: Utterances, batch_size: int, seed: int | None = None
    ) -> SpokenBatches:
        return SpokenBatches(said, batch_size, self.boundaries, self.most, seed)

    def count(self, batch: SpokenBatch) -> int:
        """Return the number of utterances."""
        return int(np.sum(batch.weights))

    def loss(
        self, model: Recognizer, carry: Carry, batch: SpokenBatch, key: Key
    ) -> tuple[Float[Array, ""], tuple[Carry, Metrics]]:
        """Return the nats of an utterance, summed over time, mean over the batch."""
        logits, lengths = model(batch.xs, batch.lengths, key=key)
        losses = ctc_loss(logits, batch.targets, lengths, batch.target_lengths)
        total = jnp.maximum(jnp.sum(batch.weights), 1)
        loss = jnp.sum(batch.weights * losses) / total
        return loss, (carry, {"loss": loss})

    def evaluate(self, model: Recognizer, part: str) -> dict[str, float]:
        """Return ``loss`` (nats per utterance) and the error rates of both decoders.

        Of words they are ``wer``, by the most likely path, and ``beam_wer``.
        """
        said = self.test if part == "test" else self.valid
        return self.scores(said, self.recognize(model, said))

    def scores(self, said: Utterances, heard: Recognized) -> dict[str, float]:
        """Return the metrics of what was heard."""
        references = [one.tolist() for one in said.targets]
        return {
            "loss": float(heard.losses.mean()),
            self.rate: error_rate(references, heard.greedy),
            f"beam_{self.rate}": error_rate(references, heard.beam),
        }

    def recognize(
        self, model: Recognizer, said: Utterances, most: int | None = None
    ) -> Recognized:
        """Return what the model hears in each utterance, in their order.

        Args:
            model: the recognizer.
            said: utterances.
            most: symbols that are heard in one; by default twice those of any target.
        """
        count, most = len(said.targets), most or 2 * self.most
        losses = np.zeros(count)
        heard: tuple[list[Any], list[Any]] = [None] * count, [None] * count
        batches = self._batches(said, self.cut.eval_batch)
        for padded, batch in zip(batches.padded, batches, strict=True):
            answer = jax.device_get(_recognize(model, batch, self.beam, most))
            for column, row in enumerate(padded.rows[padded.rows >= 0]):
                losses[row] = answer[0][column]
                for kept, found in zip(heard, answer[1:], strict=True):
                    kept[row] = _read(found, column)
        return Recognized(losses, *heard)


@partial(jax.jit, static_argnums=(2, 3))
def _recognize(
    model: Recognizer, batch: SpokenBatch, beam: int, most: int
) -> tuple[Array, Decoded, Decoded]:
    """Return losses, the greedy symbols, and the best of the beam."""
    logits, lengths = model(batch.xs, batch.lengths)
    losses = ctc_loss(logits, batch.targets, lengths, batch.target_lengths)
    found = ctc_beam_decode(logits, lengths, beam=beam, most=most)
    best = jax.tree.map(lambda each: each[..., 0], found)
    return losses, ctc_greedy_decode(logits, lengths), best


def _read(found: Decoded, column: int) -> list[int]:
    return found.symbols[: found.lengths[column], column].tolist()
