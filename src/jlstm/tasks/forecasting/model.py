"""Forecasters: from the steps to look at to quantiles of the steps to predict."""

from typing import Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from jlstm._internal.types import DType, Key, accumulator_dtype
from jlstm.analysis.layer_inputs import LayerInputs, top_layer_inputs
from jlstm.initializers import Constant, Glorot
from jlstm.layers.check import check_stack
from jlstm.nnx.dense import Dense
from jlstm.nnx.rnn import RNN
from jlstm.regularizers import dropout
from jlstm.tasks.forecasting.model_config import ForecasterConfig, ForecastSizes
from jlstm.tasks.forecasting.normalize import Frame, measure


@runtime_checkable
class Forecaster(Protocol):
    """What every forecaster can do; time leads.

    Attributes:
        levels: of its quantiles; 0.5 alone where it gives a point.
    """

    @property
    def levels(self) -> tuple[float, ...]: ...

    def losses(
        self, inputs: Array, targets: Array, *, key: Key | None = None
    ) -> Float[Array, " b"]:
        """Return what is minimised, a mean for each window; ``key`` drops."""

    def quantiles(self, inputs: Array, key: Key) -> Float[Array, "q k b p"]:
        """Return the quantiles of each value; ``key`` is for those that draw paths."""


class DirectForecaster(nnx.Module):
    """Recurrent layers over the past, and one map from their last output to all steps.

    Example:
        >>> config = ForecasterConfig(patch=4, normalize="last")
        >>> sizes = ForecastSizes(length=12, horizon=3, columns=2, predicted=(0, 1))
        >>> model = DirectForecaster(config, sizes, rngs=nnx.Rngs(0))
        >>> model.quantiles(jnp.ones((12, 5, 2)), jax.random.key(0)).shape
        (1, 3, 5, 2)
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
            ValueError: the steps to look at are not whole patches.
        """
        config.check(sizes)
        self.config, self.sizes = config, sizes
        stack = config.stack.make_stack()
        check_stack("DirectForecaster", stack)
        make = {"rngs": rngs, "param_dtype": param_dtype}
        columns = 1 + len(sizes.known) if config.shared else sizes.columns
        answers = 1 if config.shared else len(sizes.predicted)
        self.rnn = RNN(stack, config.patch * columns, time_major=True, **make)
        outputs = answers * sizes.horizon * len(self.levels)
        self.out = Dense(self.rnn.output_size, outputs, kernel_init=Glorot(), **make)
        self.skip = nnx.data(None)
        if config.skip:
            nothing = {"kernel_init": Constant(0.0), "use_bias": False}
            self.skip = Dense(sizes.length, sizes.horizon, **nothing, **make)

    @property
    def levels(self) -> tuple[float, ...]:
        """The levels of the quantiles."""
        return self.config.levels if self.config.head == "quantile" else (0.5,)

    def __call__(
        self, inputs: Float[Array, "t b c"], *, key: Key | None = None
    ) -> Float[Array, "q k b p"]:
        """Return the quantiles as they are learned: they may cross.

        Args:
            inputs: the steps to look at.
            key: drops; without it nothing is dropped.
        """
        keys = (None,) * 2 if key is None else jax.random.split(key)
        frame = self._frame(inputs)
        zs = frame.enter(inputs)
        xs = self._patches(zs)
        _, hs = self.rnn(xs, key=keys[0])
        z = self.out(dropout(hs[-1], self.config.dropout, keys[1]))
        z = z.astype(accumulator_dtype(z.dtype))
        steps = self._steps(z)
        if self.skip is not None:
            steps = steps + self._linear(zs)
        return frame.only(self.sizes.predicted).leave(steps)

    def losses(
        self,
        inputs: Float[Array, "t b c"],
        targets: Float[Array, "k b p"],
        *,
        key: Key | None = None,
    ) -> Float[Array, " b"]:
        """Return squared errors, or the mean quantile loss over the levels."""
        wrong = targets[None] - self(inputs, key=key)
        if self.config.head == "point":
            return jnp.mean(jnp.square(wrong), axis=(0, 1, 3))
        levels = jnp.array(self.levels, wrong.dtype)[:, None, None, None]
        losses = jnp.maximum(levels * wrong, (levels - 1) * wrong)
        return jnp.mean(losses, axis=(0, 1, 3))

    def quantiles(
        self, inputs: Float[Array, "t b c"], key: Key
    ) -> Float[Array, "q k b p"]:
        """Return the quantiles in rising order, which never makes them worse.

        Source: Chernozhukov et al., 2010, "Quantile and probability curves without
        crossing".
        """
        return jnp.sort(self(inputs), axis=0)

    def top_layer_inputs(self, inputs: Float[Array, "t b c"]) -> LayerInputs:
        """Return what enters the uppermost layer; a shared model has a row a column."""
        zs = self._frame(inputs).enter(inputs)
        return top_layer_inputs(
            self.rnn.layer, self.rnn.pure_params(), self._patches(zs)
        )

    def _frame(self, inputs: Float[Array, "t b c"]) -> Frame:
        return measure(inputs, self.config.normalize, self.sizes.known)

    def _patches(self, zs: Float[Array, "t b c"]) -> Float[Array, "s n x"]:
        """Put the steps of a patch side by side; a shared model has a row a column."""
        if self.config.shared:
            zs = by_column(zs, self.sizes.predicted, self.sizes.known)
        size = self.config.patch
        parts = zs.reshape(zs.shape[0] // size, size, *zs.shape[1:])
        return jnp.moveaxis(parts, 1, 2).reshape(parts.shape[0], zs.shape[1], -1)

    def _linear(self, zs: Float[Array, "t b c"]) -> Float[Array, "1 k b p"]:
        """Return what a linear map says of each column, the same for all levels."""
        own = jnp.moveaxis(zs[:, :, jnp.array(self.sizes.predicted)], 0, -1)
        return jnp.moveaxis(self.skip(own), -1, 0)[None]

    def _steps(self, z: Float[Array, "n x"]) -> Float[Array, "q k b p"]:
        """Return the answers of the head, with an axis for each of their meanings."""
        steps, levels = self.sizes.horizon, len(self.levels)
        columns = len(self.sizes.predicted)
        if self.config.shared:
            return z.reshape(-1, columns, steps, levels).transpose(3, 2, 0, 1)
        return z.reshape(-1, steps, columns, levels).transpose(3, 1, 0, 2)


def by_column(
    xs: Float[Array, "t b c"], columns: tuple[int, ...], known: tuple[int, ...] = ()
) -> Float[Array, "t n d"]:
    """Return each of some columns as a row of its own, the known ones next to each.

    Example:
        >>> by_column(jnp.array([[[1.0, 2.0, 3.0]]]), (0, 2)).ravel().tolist()
        [1.0, 3.0]
        >>> by_column(jnp.array([[[1.0, 2.0, 3.0]]]), (0, 2), (1,)).tolist()
        [[[1.0, 2.0], [3.0, 2.0]]]
    """
    own = xs[:, :, jnp.array(columns)].reshape(xs.shape[0], -1, 1)
    if not known:
        return own
    same = jnp.repeat(xs[:, :, jnp.array(known)], len(columns), axis=1)
    return jnp.concatenate([own, same], axis=-1)
