"""The translation task: sentence pairs, a sequence-to-sequence model, perplexity."""

from dataclasses import dataclass, field
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float

from jlstm._internal.options import Cuts, Options, Size
from jlstm._internal.types import Carry, Key
from jlstm.data.bucket import reaching
from jlstm.data.translation import PairBatch, PairBatches, Translation, pair_lengths
from jlstm.masking import steps_within
from jlstm.tasks.translation.model import Seq2Seq
from jlstm.tasks.translation.model_config import Seq2SeqConfig
from jlstm.training.select import Better
from jlstm.training.task import Metrics, perplexity


@dataclass(frozen=True)
class PairBatchConfig(Options):
    """How sentence pairs are put into batches.

    Attributes:
        batch_size: pairs of an update.
        eval_batch: pairs of an evaluation step; changes speed only.
        boundaries: lengths that pairs are padded to, increasing. The last one is
            doubled up to the longest pair, whose length is added; none pads all to
            that. Each is compiled again.
    """

    batch_size: Size = 64
    eval_batch: Size = 100
    boundaries: Cuts = (11, 13, 15, 18, 24)


@dataclass(frozen=True, eq=False)
class TranslateTask:
    """Each target word from the source and those before it; see ``train.task.Task``.

    Attributes:
        corpus: sentence pairs, and the vocabularies.
        model: hyper-parameters of the model.
        cut: how pairs are put into batches.
        valid_part: the part that chooses the best epoch.
        test_part: the part that is scored in the end.
        baselines: mean nats per target word of the baselines.
        seed: of the order of the batches.
    """

    corpus: Translation
    model: Seq2SeqConfig
    cut: PairBatchConfig = PairBatchConfig()
    valid_part: str = "val"
    test_part: str = "test_2016_flickr"
    baselines: dict[str, float] = field(default_factory=dict)
    seed: int = 0
    unit: str = "words"

    @property
    def has_test(self) -> bool:
        """Whether the corpus has the test part."""
        return self.test_part in self.corpus.parts

    @property
    def measures(self) -> dict[str, Better]:
        """The metrics that can choose the best epoch."""
        return {"loss": "lower", "perplexity": "lower"}

    def make_model(self, key: Key) -> Seq2Seq:
        """Draw a model for the vocabularies of the corpus."""
        sizes = len(self.corpus.source_vocab), len(self.corpus.target_vocab)
        return Seq2Seq(self.model, *sizes, rngs=nnx.Rngs(key))

    def init_carry(self) -> Carry:
        """Return nothing: each pair starts again."""
        return ()

    @cached_property
    def boundaries(self) -> tuple[int, ...]:
        """The lengths to pad to, the same in all parts; the last one holds any pair."""
        longest = max(int(pair_lengths(p).max()) for p in self.corpus.parts.values())
        return reaching(self.cut.boundaries, longest)

    def batches(self, epoch: int) -> PairBatches:
        """Return the training batches, in an order of their own each epoch."""
        seed = self.seed + 1_000_003 * epoch
        pairs = self.corpus.parts["train"]
        return PairBatches(pairs, self.cut.batch_size, self.boundaries, seed)

    def held_out(self, part: str) -> PairBatches:
        """Return the batches of a part of the corpus, in a fixed order."""
        pairs = self.corpus.parts[part]
        return PairBatches(pairs, self.cut.eval_batch, self.boundaries)

    def count(self, batch: PairBatch) -> int:
        """Return the number of words to predict."""
        return int(np.sum(batch.target_lengths))

    def loss(
        self, model: Seq2Seq, carry: Carry, batch: PairBatch, key: Key
    ) -> tuple[Float[Array, ""], tuple[Carry, Metrics]]:
        """Return the mean nats per target word."""
        total = jnp.sum(pair_nll(model, batch, key))
        count = jnp.maximum(jnp.sum(batch.target_lengths), 1)
        loss = total / count.astype(total.dtype)
        return loss, (carry, {"loss": loss})

    def evaluate(self, model: Seq2Seq, part: str) -> dict[str, float]:
        """Return ``loss`` (nats per target word, equally weighted) and perplexity."""
        part = self.test_part if part == "test" else self.valid_part
        batches = self.held_out(part)
        total = sum(float(_batch_nll(model, batch)) for batch in batches)
        loss = total / sum(map(len, batches.pairs.targets))
        return {"loss": loss, "perplexity": perplexity(loss)}


def pair_nll(
    model: Seq2Seq, batch: PairBatch, key: Key | None = None
) -> Float[Array, "t b"]:
    """Return the nats of each target word, zeros after the end of a target."""
    keys = (None,) * 3 if key is None else jax.random.split(key, 3)
    start, memory = model.encode(batch.sources, batch.source_lengths, key=keys[0])
    hs = model.decode(batch.inputs, start, memory, key=keys[1])
    nll = model.nll(model.drop_output(hs, keys[2]), batch.targets)
    live = steps_within(batch.target_lengths, nll.shape[0])
    return jnp.where(live, nll, jnp.zeros_like(nll))


@jax.jit
def _batch_nll(model: Seq2Seq, batch: PairBatch) -> Float[Array, ""]:
    return jnp.sum(pair_nll(model, batch))
