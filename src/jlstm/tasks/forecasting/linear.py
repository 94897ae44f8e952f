"""NLinear and DLinear: forecasters without recurrence, trained as the others are.

Source: Zeng et al., 2023, "Are transformers effective for time series forecasting?",
arXiv:2205.13504. :mod:`jlstm.training.baselines.ridge` fits the same maps in closed
form.
"""

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from jlstm._internal.affine import affine
from jlstm._internal.types import DType, Key
from jlstm.initializers import Constant
from jlstm.nnx.dense import Dense
from jlstm.tasks.forecasting.model_config import ForecasterConfig, ForecastSizes
from jlstm.training.baselines.ridge import moving_average


class LinearForecaster(nnx.Module):
    """One linear map for all columns; it starts as the mean of the steps.

    Example:
        >>> sizes = ForecastSizes(length=6, horizon=2, columns=1, predicted=(0,))
        >>> config = ForecasterConfig(kind="nlinear")
        >>> model = LinearForecaster(config, sizes, rngs=nnx.Rngs(0))
        >>> model(jnp.ones((6, 4, 1))).shape
        (2, 4, 1)
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
        """Start from constants; nothing is drawn from ``rngs``."""
        self.config, self.sizes = config, sizes
        read = sizes.length * (2 if config.kind == "dlinear" else 1)
        self.linear = Dense(
            read, sizes.horizon, kernel_init=Constant(1.0 / sizes.length),
            rngs=rngs, param_dtype=param_dtype,
        )  # fmt: skip

    def __call__(self, inputs: Float[Array, "t b c"]) -> Float[Array, "k b p"]:
        """Return the forecast of each column from its own past."""
        own = inputs[:, :, jnp.array(self.sizes.predicted)]
        xs = jnp.moveaxis(own, 0, -1)
        if self.config.kind == "nlinear":
            last = xs[..., -1:]
            ys = self.linear(xs - last) + last
        else:
            averaged = jnp.asarray(moving_average(self.sizes.length), xs.dtype)
            trend = affine(xs, averaged)
            parts = jnp.concatenate([trend, xs - trend], axis=-1)
            ys = self.linear(parts)
        return jnp.moveaxis(ys, -1, 0)

    def losses(
        self,
        inputs: Float[Array, "t b c"],
        targets: Float[Array, "k b p"],
        *,
        key: Key | None = None,
    ) -> Float[Array, " b"]:
        """Return the mean squared error of each window."""
        return jnp.mean(jnp.square(targets - self(inputs)), axis=(0, 2))

    def quantiles(
        self, inputs: Float[Array, "t b c"], key: Key
    ) -> Float[Array, "1 k b p"]:
        """Return the forecast."""
        return self(inputs)[None]
