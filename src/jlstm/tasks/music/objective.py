"""The music task: pieces in batches, nats per step over all steps of all pieces."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Int, UInt8

from jlstm._internal.tree import zero_unless
from jlstm._internal.types import Carry, Key
from jlstm.data.batch_config import BatchConfig
from jlstm.data.bucket import BucketedBatches, boundaries_of
from jlstm.data.music import Roll
from jlstm.data.share import WHOLE, OwnRows, Share
from jlstm.layers import Layer
from jlstm.masking import steps_within
from jlstm.tasks.music.model import MusicModel, chord_nll
from jlstm.training.select import Better
from jlstm.training.task import Metrics


class PieceBatch(NamedTuple):
    """Pieces side by side, time first, and how many steps each has."""

    rolls: UInt8[np.ndarray | Array, "t b k"]
    lengths: Int[np.ndarray | Array, " b"]


class Nats(NamedTuple):
    """What predicting costs: summed nats, and the number of predicted steps."""

    total: Float[Array, ""]
    steps: Float[Array, ""]


@dataclass(frozen=True, eq=False)
class PieceBatches(OwnRows, Sequence):
    """Batches of pieces, each of them in one batch."""

    pieces: Sequence[Roll]
    batch_size: int
    boundaries: tuple[int, ...]
    seed: int | None = None
    share: Share = WHOLE

    @cached_property
    def padded(self) -> BucketedBatches:
        """The batches with the numbers of their pieces."""
        cut = self.batch_size, self.boundaries, self.seed, self.share
        return BucketedBatches(self.pieces, *cut)

    def __len__(self) -> int:
        return len(self.padded)

    def __getitem__(self, number: int) -> PieceBatch:
        rolls, lengths, _ = self.padded[number]
        return PieceBatch(rolls, lengths.astype(np.int32))

    def __iter__(self) -> Iterator[PieceBatch]:
        return map(self.__getitem__, range(len(self)))


@dataclass(frozen=True, eq=False)
class MusicTask:
    """The next step of a piece; see :class:`jlstm.training.task.Task`.

    The first step of a piece is given, not predicted; a loss is the nats of all
    predicted steps, each summed over its keys, divided by their number.

    Attributes:
        stack: the recurrent layers.
        train: what to learn from.
        valid: what chooses the best epoch.
        test: what is scored in the end.
        output_dropout: rate before the answer.
        cut: how pieces are put into batches.
        window: training pieces are cut into parts of at most so many steps, each of
            which is learned by itself; None leaves them whole.
        watch_test: score the test part after each epoch too, as ``test_loss``: the
            members of a sweep have their best epochs at different times.
        baselines: nats per step of the baselines.
        seed: of the order of the batches.
    """

    stack: Layer
    train: Sequence[Roll]
    valid: Sequence[Roll]
    test: Sequence[Roll]
    output_dropout: float = 0.0
    cut: BatchConfig = BatchConfig(batch_size=16, eval_batch=80)
    window: int | None = None
    watch_test: bool = False
    baselines: dict[str, float] = field(default_factory=dict)
    seed: int = 0
    unit: str = "steps"
    has_test: bool = True

    @property
    def measures(self) -> dict[str, Better]:
        """The metrics that can choose the best epoch."""
        return {"loss": "lower"}

    def make_model(self, key: Key) -> MusicModel:
        """Draw a model."""
        size = self.train[0].shape[1]
        rngs = nnx.Rngs(key)
        return MusicModel(self.stack, self.output_dropout, keys=size, rngs=rngs)

    def init_carry(self) -> Carry:
        """Return nothing: each piece starts from silence."""
        return ()

    @cached_property
    def excerpts(self) -> list[Roll]:
        """What is learned from: the training pieces, or the parts they are cut into."""
        if self.window is None:
            return list(self.train)
        return [part for piece in self.train for part in cut_piece(piece, self.window)]

    def batches(self, epoch: int) -> PieceBatches:
        """Return the training batches, in an order of their own each epoch."""
        seed = self.seed + 1_000_003 * epoch
        lengths = np.array([*map(len, self.excerpts)])
        boundaries = boundaries_of(lengths, self.cut.buckets)
        return PieceBatches(self.excerpts, self.cut.batch_size, boundaries, seed)

    @cached_property
    def boundaries(self) -> tuple[int, ...]:
        """The lengths that whole pieces are padded to, the same in all parts."""
        parts = (*self.train, *self.valid, *self.test)
        return boundaries_of(np.array([*map(len, parts)]), self.cut.buckets)

    def count(self, batch: PieceBatch) -> int:
        """Return the number of predicted steps."""
        return int(np.maximum(batch.lengths - 1, 0).sum())

    def loss(
        self, model: MusicModel, carry: Carry, batch: PieceBatch, key: Key
    ) -> tuple[Float[Array, ""], tuple[Carry, Metrics]]:
        """Return the nats per step of a batch."""
        nats = count_nats(model, batch, key)
        loss = nats.total / jnp.maximum(nats.steps, 1)
        return loss, (carry, {"loss": loss})

    def evaluate(self, model: MusicModel, part: str) -> dict[str, float]:
        """Return ``loss``, the nats per step."""
        pieces = self.test if part == "test" else self.valid
        scored = {"loss": self.score(model, pieces)}
        if self.watch_test and part == "valid":
            scored["test_loss"] = self.score(model, self.test)
        return scored

    def score(self, model: MusicModel, pieces: Sequence[Roll]) -> float:
        """Return the nats per step of pieces."""
        batches = PieceBatches(pieces, self.cut.eval_batch, self.boundaries)
        nats = jax.device_get([_count(model, batch) for batch in batches])
        total, steps = np.sum(np.array(nats, np.float64), axis=0)
        return float(total / steps)


def cut_piece(
    piece: UInt8[np.ndarray, "t ..."], window: int
) -> list[UInt8[np.ndarray, "..."]]:
    """Cut a piece into parts of at most ``window`` steps, which overlap by one.

    So each step but the first of the piece is predicted once.

    Example:
        >>> [part.tolist() for part in cut_piece(np.arange(6, dtype=np.uint8), 3)]
        [[0, 1, 2], [2, 3, 4], [4, 5]]
    """
    starts = range(0, max(len(piece) - 1, 1), window - 1)
    return [piece[start : start + window] for start in starts]


def count_nats(model: MusicModel, batch: PieceBatch, key: Key | None = None) -> Nats:
    """Return what it costs to predict all steps but the first of each piece."""
    _, nats, lengths = step_nats(model, batch, key)
    return Nats(nats.sum(), lengths.sum().astype(nats.dtype))


def step_nats(
    model: MusicModel, batch: PieceBatch, key: Key | None = None
) -> tuple[Float[Array, "t b k"], Float[Array, "t b"], Int[Array, " b"]]:
    """Return logits and nats of each step but the first, and how many there are."""
    rolls = jnp.asarray(batch.rolls).astype(model.out.kernel.dtype)
    lengths = jnp.maximum(jnp.asarray(batch.lengths) - 1, 0)
    _, logits = model(rolls[:-1], lengths=lengths, key=key)
    live = steps_within(lengths, len(logits))
    return logits, zero_unless(live, chord_nll(logits, rolls[1:])), lengths


@jax.jit
def _count(model: MusicModel, batch: PieceBatch) -> Nats:
    return count_nats(model, batch)
