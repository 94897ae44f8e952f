"""An encoder and a decoder that reads its own answers: the LSTM that papers beat."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from jlstm._internal.types import Carry, DType, Key
from jlstm.analysis.layer_inputs import LayerInputs, top_layer_inputs
from jlstm.initializers import Glorot
from jlstm.layers.check import check_stack
from jlstm.nnx.dense import Dense
from jlstm.nnx.rnn import RNN
from jlstm.tasks.forecasting.model_config import ForecasterConfig, ForecastSizes


class DecoderForecaster(nnx.Module):
    """All columns enter an encoder; a decoder goes on from its carry, step by step.

    Its first input is the last known step. Then it reads the true step in training
    (teacher forcing), and its own answer when it forecasts.

    Example:
        >>> sizes = ForecastSizes(length=6, horizon=3, columns=2, predicted=(1,))
        >>> config = ForecasterConfig(kind="decoder")
        >>> model = DecoderForecaster(config, sizes, rngs=nnx.Rngs(0))
        >>> model(jnp.ones((6, 4, 2))).shape
        (3, 4, 1)
    """

    levels = (0.5,)

    def __init__(
        self,
        config: ForecasterConfig,
        sizes: ForecastSizes,
        *,
        rngs: nnx.Rngs,
        param_dtype: DType = jnp.float32,
    ) -> None:
        """Draw the parameters from the ``params`` stream of ``rngs``."""
        self.config, self.sizes = config, sizes
        stack = config.stack.make_stack()
        check_stack("DecoderForecaster", stack, causal=True)
        answers = len(sizes.predicted)
        make = {"rngs": rngs, "param_dtype": param_dtype}
        self.encoder = RNN(stack, sizes.columns, time_major=True, **make)
        self.decoder = RNN(stack, answers, time_major=True, **make)
        size = self.decoder.output_size
        self.out = Dense(size, answers, kernel_init=Glorot(), **make)

    def __call__(
        self, inputs: Float[Array, "t b c"], *, key: Key | None = None
    ) -> Float[Array, "k b p"]:
        """Return the forecast; with a ``key`` it is dropped as in training."""
        keys = (None,) * 2 if key is None else jax.random.split(key)
        last = self._last(inputs)
        steps = jax.ShapeDtypeStruct((self.sizes.horizon, *last.shape), last.dtype)
        params, noise = self.decoder.prepare(steps, keys[1])

        def step(
            state: tuple[Carry, Array], noise: Any
        ) -> tuple[tuple[Carry, Array], Array]:
            carry, h = self.decoder.step(params, *state, noise)
            y = self.out(h)
            return (carry, y), y

        start = self._encode(inputs, keys[0]), last
        return jax.lax.scan(step, start, noise, self.sizes.horizon)[1]

    def losses(
        self,
        inputs: Float[Array, "t b c"],
        targets: Float[Array, "k b p"],
        *,
        key: Key | None = None,
    ) -> Float[Array, " b"]:
        """Return the mean squared error of each window.

        A ``key`` says that this is training: layers drop, and with teacher forcing the
        decoder reads the true steps. Without a key it reads its own, as in a forecast.
        """
        if key is not None and self.config.teacher_forcing:
            answers = self._forced(inputs, targets, key)
        else:
            answers = self(inputs, key=key)
        return jnp.mean(jnp.square(targets - answers), axis=(0, 2))

    def quantiles(
        self, inputs: Float[Array, "t b c"], key: Key
    ) -> Float[Array, "1 k b p"]:
        """Return the forecast."""
        return self(inputs)[None]

    def top_layer_inputs(self, inputs: Float[Array, "t b c"]) -> LayerInputs:
        """Return what enters the uppermost layer of the encoder."""
        return top_layer_inputs(self.encoder.layer, self.encoder.pure_params(), inputs)

    def _forced(self, inputs: Array, targets: Array, key: Key) -> Array:
        keys = jax.random.split(key)
        start = self._encode(inputs, keys[0])
        known = jnp.concatenate([self._last(inputs)[None], targets[:-1]])
        return self.out(self.decoder(known, start, key=keys[1])[1])

    def _encode(self, inputs: Array, key: Key | None) -> Carry:
        return self.encoder(inputs, key=key)[0]

    def _last(self, inputs: Array) -> Array:
        return inputs[-1][:, jnp.array(self.sizes.predicted)]
