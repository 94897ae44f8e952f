"""The tagging task: sentences, a tag a word, exact scores over all words."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Int, Integer

from jlstm._internal.types import Carry, Key
from jlstm.data.batch_config import BatchConfig
from jlstm.data.bucket import BucketedBatches
from jlstm.data.share import WHOLE, OwnRows, Share
from jlstm.masking import steps_within
from jlstm.metrics.chunks import chunk_score
from jlstm.metrics.confusion import class_scores, confusion
from jlstm.tasks.tagging.model import Tagger, TaggerConfig, TaggerSizes, Text
from jlstm.training.config.class_loss import ClassLoss
from jlstm.training.select import Better
from jlstm.training.task import Metrics

Sentence = Int[np.ndarray, "_ _"]
"""The columns word, tag, mark, and then the letters of each word."""


class TaggedBatch(NamedTuple):
    """Sentences side by side and the tag of each word, 0 after the end."""

    text: Text
    tags: Int[np.ndarray | Array, "t b"]


class Predictions(NamedTuple):
    """What a model makes of sentences.

    Attributes:
        losses: nats of each sentence, summed over its words.
        tags: of each sentence.
    """

    losses: Float[np.ndarray, " n"]
    tags: list[list[int]]


@dataclass(frozen=True, eq=False)
class TaggedBatches(OwnRows, Sequence):
    """Batches of sentences, each of them in one batch.

    Example:
        >>> sentences = [np.arange(n * 5).reshape(n, 5) for n in (2, 1)]
        >>> batch = TaggedBatches(sentences, 2, (3,))[0]
        >>> batch.tags.T.tolist(), batch.text.letters[0].tolist()
        ([[1, 6, 0], [1, 0, 0]], [[3, 4], [3, 4]])
    """

    sentences: Sequence[Sentence]
    batch_size: int
    boundaries: tuple[int, ...]
    seed: int | None = None
    share: Share = WHOLE

    @cached_property
    def padded(self) -> BucketedBatches:
        """The batches as plain arrays."""
        cut = self.batch_size, self.boundaries, self.seed, self.share
        return BucketedBatches(self.sentences, *cut)

    def __len__(self) -> int:
        return len(self.padded)

    def __getitem__(self, number: int) -> TaggedBatch:
        xs, lengths, _ = self.padded[number]
        columns = np.moveaxis(xs[..., :3], -1, 0)
        words, tags, marks = columns.astype(np.int32)
        letters = xs[..., 3:].astype(np.int32)
        return TaggedBatch(Text(words, letters, marks, lengths.astype(np.int32)), tags)

    def __iter__(self) -> Iterator[TaggedBatch]:
        return map(self.__getitem__, range(len(self)))


@dataclass(frozen=True, eq=False)
class TagTask:
    """A tag a word; see :class:`jlstm.training.task.Task`.

    Attributes:
        model: hyper-parameters of the model.
        sizes: how many words, letters, tags and marks there are.
        tags: their names; where all of them are those of chunks (``B-``, ``I-``, O),
            chunks are scored too.
        train: what to learn from.
        valid: what chooses the best epoch.
        test: what is scored in the end.
        unknown: the number of the unknown word.
        cut: how sentences are put into batches.
        aim: how the tags count in training.
        baselines: nats per word of the baselines.
        seed: of the order of the batches.
    """

    model: TaggerConfig
    sizes: TaggerSizes
    tags: tuple[str, ...]
    train: Sequence[Sentence]
    valid: Sequence[Sentence]
    test: Sequence[Sentence]
    unknown: int | None = None
    cut: BatchConfig = BatchConfig()
    aim: ClassLoss = ClassLoss()
    baselines: dict[str, float] = field(default_factory=dict)
    seed: int = 0
    unit: str = "words"
    has_test: bool = True

    @property
    def chunked(self) -> bool:
        """Whether the tags say chunks."""
        return are_chunks(self.tags)

    @cached_property
    def boundaries(self) -> tuple[int, ...]:
        """The lengths to pad to, the same in all parts."""
        lengths = [[*map(len, part)] for part in (self.train, self.valid, self.test)]
        return self.cut.boundaries(*lengths)

    @property
    def measures(self) -> dict[str, Better]:
        """The metrics that can choose the best epoch."""
        chunks: dict[str, Better] = {"f1": "higher"} if self.chunked else {}
        words: dict[str, Better] = {"accuracy": "higher", "macro_f1": "higher"}
        return {"loss": "lower"} | words | chunks

    def make_model(self, key: Key) -> Tagger:
        """Draw a model."""
        rngs = nnx.Rngs(key)
        return Tagger(self.model, self.sizes, unknown=self.unknown, rngs=rngs)

    def init_carry(self) -> Carry:
        """Return nothing: each sentence starts from zeros."""
        return ()

    def batches(self, epoch: int) -> TaggedBatches:
        """Return the training batches, in an order of their own each epoch."""
        seed = self.seed + 1_000_003 * epoch
        return TaggedBatches(self.train, self.cut.batch_size, self.boundaries, seed)

    def count(self, batch: TaggedBatch) -> int:
        """Return the number of words."""
        return int(np.sum(batch.text.lengths))

    def loss(
        self, model: Tagger, carry: Carry, batch: TaggedBatch, key: Key
    ) -> tuple[Float[Array, ""], tuple[Carry, Metrics]]:
        """Return the mean loss per word."""
        lengths, tags = jnp.asarray(batch.text.lengths), jnp.asarray(batch.tags)
        scores = model(batch.text, key=key)
        if not self.aim.is_plain:
            live = steps_within(lengths, scores.shape[0]).astype(scores.dtype)
            loss = self.aim.mean(scores, tags, live)
            return loss, (carry, {"loss": loss})
        nats = model.nll(scores, tags, lengths)
        loss = nats.sum() / jnp.maximum(lengths.sum(), 1).astype(nats.dtype)
        return loss, (carry, {"loss": loss})

    def evaluate(self, model: Tagger, part: str) -> dict[str, float]:
        """Return ``loss`` (nats per word), accuracy, and ``f1`` of chunks.

        ``macro_f1`` is the mean F1 of the tags that occur or are given.
        """
        sentences = self.test if part == "test" else self.valid
        found = self.tag(model, sentences)
        gold = [one[:, 1].tolist() for one in sentences]
        metrics = {
            "loss": float(found.losses.sum() / sum(map(len, gold))),
            "accuracy": token_accuracy(gold, found.tags),
            "macro_f1": class_scores(self.counts(gold, found.tags)).macro_f1,
        }
        if self.chunked:
            names = [self.names(tags) for tags in (gold, found.tags)]
            metrics["f1"] = chunk_score(*names).f1
        return metrics

    def counts(
        self, gold: Sequence[Sequence[int]], found: Sequence[Sequence[int]]
    ) -> Integer[np.ndarray, "k k"]:
        """Return how often a tag, the row, was taken for another, the column."""
        pair = (
            np.array([tag for own in each for tag in own]) for each in (gold, found)
        )
        return confusion(*pair, len(self.tags))

    def names(self, tags: Sequence[Sequence[int]]) -> list[tuple[str, ...]]:
        """Return the names of tags."""
        return [tuple(self.tags[tag] for tag in sentence) for sentence in tags]

    def tag(self, model: Tagger, sentences: Sequence[Sentence]) -> Predictions:
        """Return the tags of each sentence, in their order."""
        losses, tags = np.zeros(len(sentences)), [[] for _ in sentences]
        batches = TaggedBatches(sentences, self.cut.eval_batch, self.boundaries)
        for padded, batch in zip(batches.padded, batches, strict=True):
            nats, best = jax.device_get(_tag(model, batch))
            for column, row in enumerate(padded.rows[padded.rows >= 0]):
                losses[row] = nats[column]
                tags[row] = best[: padded.lengths[column], column].tolist()
        return Predictions(losses, tags)


def all_tags(sentences: Sequence[Sentence]) -> Integer[np.ndarray, " n"]:
    """Return the tags of all words, one after the other."""
    return np.concatenate([sentence[:, 1] for sentence in sentences])


def are_chunks(tags: Collection[str]) -> bool:
    """Whether tags say where chunks begin and go on.

    Example:
        >>> are_chunks(["B-NP", "I-NP", "O"]), are_chunks(["NOUN", "X"])
        (True, False)
    """
    return all(tag == "O" or tag[:2] in ("B-", "I-") for tag in tags)


def token_accuracy(
    gold: Sequence[Sequence[int]], found: Sequence[Sequence[int]]
) -> float:
    """Return the share of words with the right tag.

    Example:
        >>> token_accuracy([[0, 1], [2]], [[0, 2], [2]])
        0.6666666666666666
    """
    pairs = [
        a == b
        for ours, theirs in zip(gold, found, strict=True)
        for a, b in zip(ours, theirs, strict=True)
    ]
    return sum(pairs) / max(len(pairs), 1)


@jax.jit
def _tag(model: Tagger, batch: TaggedBatch) -> tuple[Array, Array]:
    """Return the nats and the tags of each sentence."""
    scores = model(batch.text)
    lengths = jnp.asarray(batch.text.lengths)
    nats = model.nll(scores, jnp.asarray(batch.tags), lengths)
    return nats, model.decode(scores, lengths)
