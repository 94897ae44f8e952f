"""The language-modelling task: a corpus in streams, a model, exact perplexity."""

from dataclasses import dataclass
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Integer

from jlstm._internal.options import NotNegative, Options, Size
from jlstm._internal.types import Carry, Key
from jlstm.data import Corpus, TokenStream, Window
from jlstm.data.stream import StreamPart
from jlstm.data.variable_bptt import VariedStream, draw_lengths, shuffled
from jlstm.losses import Reduction, reduce_tokens
from jlstm.nnx.tokens import TokenConfig, TokenModel
from jlstm.regularizers import activation_penalty, temporal_penalty
from jlstm.tasks.language.carry import enter_window, init_streams, leave_window
from jlstm.training.select import Better
from jlstm.training.task import Metrics, perplexity


@dataclass(frozen=True)
class StreamConfig(Options):
    """How a corpus is cut for truncated back-propagation, and how the loss is reduced.

    Attributes:
        batch_size: streams that are read side by side.
        window: time steps in one update (BPTT).
        window_deviation: standard deviation of the windows' lengths, 0 for windows of
            one length. A window's share of ``window`` scales the learning rate of its
            update; see :mod:`jlstm.data.variable_bptt`.
        epoch_windows: windows of an epoch, for a text of which one pass takes days; the
            next epoch goes on where the last one ended. None reads all in each.
        drop_last: leave out a last window that is shorter.
        valid_batch: streams in validation; each starts from the fresh carry.
        test_batch: streams in the test; 1 reads the test text as one stream.
        eval_window: time steps in one evaluation step; changes speed only.
        reduction: ``"mean"`` over tokens, or ``"sum_time"`` (sum over time, mean over
            batch).
        activation_penalty: weight α of AR (Merity et al., 2017), 0 for none.
        temporal_penalty: weight β of TAR, 0 for none.
    """

    batch_size: Size = 20
    window: Size = 35
    window_deviation: NotNegative = 0.0
    epoch_windows: Size | None = None
    drop_last: bool = False
    valid_batch: Size = 10
    test_batch: Size = 10
    eval_window: Size = 128
    reduction: Reduction = "mean"
    activation_penalty: NotNegative = 0.0
    temporal_penalty: NotNegative = 0.0

    def __post_init__(self) -> None:
        if self.window_deviation and self.drop_last:
            raise ValueError(
                f"stream.window_deviation is {self.window_deviation} and drop_last "
                f"{self.drop_last}; give all windows where they vary."
            )
        if self.window_deviation and self.epoch_windows is not None:
            raise ValueError(
                f"stream.window_deviation is {self.window_deviation} and epoch_windows "
                f"{self.epoch_windows}; an epoch has all windows where they vary."
            )


@dataclass(frozen=True, eq=False)
class LanguageTask:
    """Next-token prediction on a corpus; see :class:`jlstm.training.task.Task`.

    Attributes:
        corpus: token ids and their vocabulary.
        model: hyper-parameters of the model.
        stream: how the corpus is cut.
        baselines: mean nats per token of n-gram models on the validation part.
    """

    corpus: Corpus
    model: TokenConfig
    stream: StreamConfig
    baselines: dict[str, float]
    unit: str = "tokens"

    @property
    def has_test(self) -> bool:
        """Whether the corpus has a test part."""
        return self.corpus.test is not None

    @property
    def measures(self) -> dict[str, Better]:
        """The metrics that can choose the best epoch."""
        return {"loss": "lower", "perplexity": "lower"}

    def make_model(self, key: Key) -> TokenModel:
        """Draw a model for the vocabulary of the corpus."""
        return self.model.make(len(self.corpus.vocab), nnx.Rngs(key))

    def init_carry(self) -> Carry:
        """Return where all streams start, nothing for a Transformer."""
        return init_streams(self.model, self.stream.batch_size)

    @cached_property
    def _train(self) -> TokenStream:
        cut = self.stream
        return TokenStream(self.corpus.train, cut.batch_size, cut.window, cut.drop_last)

    @cached_property
    def _lengths(self) -> Integer[np.ndarray, " n"]:
        cut = self.stream
        return draw_lengths(self._train.steps, cut.window, cut.window_deviation)

    def batches(self, epoch: int) -> TokenStream | StreamPart | VariedStream:
        """Return the windows; where their lengths vary, in an order of the epoch."""
        count = self.stream.epoch_windows
        if count is not None:
            return StreamPart(self._train, (epoch - 1) * count, count)
        if not self.stream.window_deviation:
            return self._train
        return VariedStream(self._train, shuffled(self._lengths, epoch))

    def rate_scale(self, batch: Window) -> float:
        """Return the share of the usual length that a window has, where it varies."""
        if not self.stream.window_deviation:
            return 1.0
        return batch.inputs.shape[0] / self.stream.window

    def count(self, batch: Window) -> int:
        """Return the number of predicted tokens."""
        return batch.targets.size

    def loss(
        self, model: TokenModel, carry: Carry, batch: Window, key: Key
    ) -> tuple[Float[Array, ""], tuple[Carry, Metrics]]:
        """Return the reduced loss, the next carry and the mean nats per token."""
        noise, out_noise = jax.random.split(key)
        start = enter_window(model, carry, batch.inputs.shape[1])
        last, raw = model.features(batch.inputs, start, key=noise)
        dropped = model.drop_output(raw, out_noise)
        nll = model.nll(dropped, batch.targets)
        loss = reduce_tokens(nll, self.stream.reduction)
        if self.stream.activation_penalty:
            loss += self.stream.activation_penalty * activation_penalty(dropped)
        if self.stream.temporal_penalty:
            loss += self.stream.temporal_penalty * temporal_penalty(raw)
        return loss, (leave_window(carry, last), {"loss": jnp.mean(nll)})

    def evaluate(self, model: TokenModel, part: str) -> dict[str, float]:
        """Return ``loss`` (nats per token, all weighted equally) and perplexity."""
        loss = stream_nll(model, self.streams(part))
        return {"loss": loss, "perplexity": perplexity(loss)}

    def streams(self, part: str) -> TokenStream:
        """Return a part as an evaluation reads it."""
        tokens = self.corpus.test if part == "test" else self.corpus.valid
        batch = self.stream.test_batch if part == "test" else self.stream.valid_batch
        batch = min(batch, len(tokens) // 2)  # a new text may be a short one
        return TokenStream(tokens, batch, self.stream.eval_window)


def stream_nll(model: TokenModel, stream: TokenStream) -> float:
    """Return the mean nats per token of a stream, the carry going through all windows.

    Each of the streams starts from the fresh carry; windows are weighted by their
    tokens.
    """
    carry = model.init_carry((stream.batch_size,))
    total = 0.0
    for window in stream:
        carry, nll = _window_nll(model, carry, window)
        total += float(nll)
    return total / stream.num_predictions


@jax.jit
def _window_nll(
    model: TokenModel, carry: Carry, window: Window
) -> tuple[Carry, Float[Array, ""]]:
    carry, hs = model.features(window.inputs, carry)
    return carry, jnp.sum(model.nll(hs, window.targets))
