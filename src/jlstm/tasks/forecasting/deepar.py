"""DeepAR: the distribution of the next step, and paths drawn from it step by step.

Source: Salinas et al., 2020, "DeepAR: probabilistic forecasting with autoregressive
recurrent networks", arXiv:1704.04110.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from jlstm._internal.types import Carry, DType, Key
from jlstm.analysis.layer_inputs import LayerInputs, top_layer_inputs
from jlstm.initializers import Glorot
from jlstm.layers.check import check_stack
from jlstm.metrics.forecast import sample_levels
from jlstm.nnx.dense import Dense
from jlstm.nnx.rnn import RNN
from jlstm.tasks.forecasting.distributions import Distribution, Gaussian, StudentT
from jlstm.tasks.forecasting.model_config import ForecasterConfig, ForecastSizes
from jlstm.tasks.forecasting.normalize import Frame, measure

READ = {"gaussian": (Gaussian.read, 2), "student_t": (StudentT.read, 3)}


class DeepAR(nnx.Module):
    """One model for all columns, trained to predict the next step from the true past.

    What it reads at a step are the values ``lags`` steps before it. A forecast runs
    over the known steps, then draws the next one, reads it, and so on.

    Example:
        >>> sizes = ForecastSizes(length=6, horizon=3, columns=2, predicted=(0, 1))
        >>> config = ForecasterConfig(kind="deepar", lags=(1, 4), samples=10)
        >>> model = DeepAR(config, sizes, rngs=nnx.Rngs(0))
        >>> model.quantiles(jnp.ones((6, 5, 2)), jax.random.key(0)).shape
        (10, 3, 5, 2)
    """

    def __init__(
        self,
        config: ForecasterConfig,
        sizes: ForecastSizes,
        *,
        rngs: nnx.Rngs,
        param_dtype: DType = jnp.float32,
    ) -> None:
        """Draw the parameters from the ``params`` stream of ``rngs``.

        Raises:
            ValueError: a lag reaches beyond the steps to look at.
        """
        config.check(sizes)
        self.config, self.sizes = config, sizes
        stack = config.stack.make_stack()
        check_stack("DeepAR", stack, causal=True)
        make = {"rngs": rngs, "param_dtype": param_dtype}
        self.rnn = RNN(stack, len(config.lags), time_major=True, **make)
        numbers = READ[config.likelihood][1]
        self.out = Dense(self.rnn.output_size, numbers, kernel_init=Glorot(), **make)

    @property
    def levels(self) -> tuple[float, ...]:
        """The levels that sorted samples stand for."""
        return sample_levels(self.config.samples)

    def losses(
        self,
        inputs: Float[Array, "t b c"],
        targets: Float[Array, "k b p"],
        *,
        key: Key | None = None,
    ) -> Float[Array, " b"]:
        """Return the mean nats of the next step, over known steps and horizon.

        They are nats of values within the frame of the window.
        """
        frame = measure(inputs, self.config.normalize).only(self.sizes.predicted)
        known = inputs[:, :, jnp.array(self.sizes.predicted)]
        zs = frame.enter(jnp.concatenate([known, targets]))
        nll = self._next(zs, key)[1].nll(zs[self._reach :])
        return jnp.mean(nll, axis=(0, 2))

    def quantiles(
        self, inputs: Float[Array, "t b c"], key: Key
    ) -> Float[Array, "n k b p"]:
        """Return the sorted samples of each value."""
        return jnp.sort(self.sample(inputs, key), axis=0)

    def sample(
        self, inputs: Float[Array, "t b c"], key: Key
    ) -> Float[Array, "n k b p"]:
        """Draw paths of each column; the values of a path belong together."""
        frame, zs = self._framed(inputs)
        carry, _ = self._next(zs, None)
        count = self.config.samples
        start = jax.tree.map(lambda leaf: jnp.stack([leaf] * count), carry)
        past = jnp.stack([zs[-self._reach :]] * count, axis=1)
        keys = jax.random.split(key, self.sizes.horizon)
        params, _ = self.rnn.prepare(self._newest(past)[None])
        _, paths = jax.lax.scan(partial(self._draw, params), (start, past), keys)
        return jnp.moveaxis(frame.leave(paths), 1, 0)

    def top_layer_inputs(self, inputs: Float[Array, "t b c"]) -> LayerInputs:
        """Return what enters the uppermost layer, of each window and column."""
        xs = self._lagged(self._framed(inputs)[1])
        return top_layer_inputs(self.rnn.layer, self.rnn.pure_params(), xs)

    def _framed(self, inputs: Array) -> tuple[Frame, Array]:
        """Return the frame of what is predicted, and its known steps within it."""
        frame = measure(inputs, self.config.normalize).only(self.sizes.predicted)
        return frame, frame.enter(inputs[:, :, jnp.array(self.sizes.predicted)])

    @property
    def _reach(self) -> int:
        """How far back the longest lag looks."""
        return max(self.config.lags)

    def _next(self, zs: Array, key: Key | None) -> tuple[Carry, Distribution]:
        """Return the distribution of each step after the longest lag."""
        carry, hs = self.rnn(self._lagged(zs), key=key)
        return carry, self._read(hs)

    def _lagged(self, zs: Float[Array, "t b p"]) -> Float[Array, "s b p x"]:
        """Return what is read at each step after the longest lag."""
        steps, reach = zs.shape[0], self._reach
        lagged = [zs[reach - lag : steps - lag] for lag in self.config.lags]
        return jnp.stack(lagged, axis=-1)

    def _draw(
        self, params: Any, state: tuple[Carry, Array], key: Key
    ) -> tuple[tuple[Carry, Array], Array]:
        """Draw one step; the state is the carry and the last steps."""
        carry, past = state
        carry, h = self.rnn.step(params, carry, self._newest(past))
        drawn = self._read(h).draw(key)
        return (carry, jnp.concatenate([past[1:], drawn[None]])), drawn

    def _newest(self, past: Array) -> Array:
        """Return what is read to predict the step after ``past``."""
        return jnp.stack([past[-lag] for lag in self.config.lags], axis=-1)

    def _read(self, h: Array) -> Distribution:
        return READ[self.config.likelihood][0](self.out(h))
