"""Noise on the weights, drawn once for a sequence."""

from dataclasses import dataclass

import jax
from jaxtyping import Array

from jlstm._internal.names import name_of
from jlstm._internal.options import NotNegative, Rate
from jlstm._internal.types import Key, Params, accumulator_dtype
from jlstm.cell import Cell
from jlstm.regularizers import weight_drop
from jlstm.wrappers.wrapper import Wrapper, split


@dataclass(frozen=True, repr=False)
class WeightDrop(Wrapper):
    """DropConnect on the recurrent weights: one mask for all steps and all rows.

    The recurrent weights are the leaves named ``w_hh``; to treat a whole model at once
    use :func:`jlstm.regularizers.weight_drop` on its parameters.

    Raises:
        ValueError: ``rate`` is no probability below 1, or ``cell`` has no ``w_hh``.

    Source: S. Merity et al., "Regularizing and optimizing LSTM language models", 2017
    (arXiv:1708.02182), section 2.

    Example:
        >>> from jlstm import RNNCell
        >>> cell = WeightDrop(RNNCell(50), rate=0.5)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> one_step = jax.ShapeDtypeStruct((2,), "float32")
        >>> dropped = cell.prepare(params, one_step, jax.random.key(1))
        >>> 0.4 < (dropped.w_hh == 0).mean().item() < 0.6
        True
    """

    rate: Rate = 0.0

    def __post_init__(self) -> None:
        _check_recurrent_weight(self.cell)

    def prepare(
        self, params: Params, x: jax.ShapeDtypeStruct, key: Key | None
    ) -> Params:
        """Return the parameters with part of the recurrent weights at zero."""
        inner, own = split(key)
        return weight_drop(self.cell.prepare(params, x, inner), self.rate, own)


@dataclass(frozen=True, repr=False)
class WeightNoise(Wrapper):
    """Gaussian noise on every weight and bias: one draw for all steps and all rows.

    Source: A. Graves, "Practical variational inference for neural networks", 2011; used
    for speech in "Speech recognition with deep recurrent neural networks", 2013
    (arXiv:1303.5778), with a standard deviation of 0.075.

    Example:
        >>> from jlstm import RNNCell
        >>> cell = WeightNoise(RNNCell(3), std=0.075)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> one_step = jax.ShapeDtypeStruct((2,), "float32")
        >>> noisy = cell.prepare(params, one_step, jax.random.key(1))
        >>> bool((noisy.w_ih != params.w_ih).all())
        True
    """

    std: NotNegative = 0.0

    def prepare(
        self, params: Params, x: jax.ShapeDtypeStruct, key: Key | None
    ) -> Params:
        """Return the parameters with noise on each."""
        inner, own = split(key)
        params = self.cell.prepare(params, x, inner)
        if own is None:
            return params
        leaves, structure = jax.tree.flatten(params)
        keys = jax.random.split(own, len(leaves))
        noisy = [
            _add_noise(leaf, self.std, k) for leaf, k in zip(leaves, keys, strict=True)
        ]
        return jax.tree.unflatten(structure, noisy)


def _check_recurrent_weight(cell: Cell) -> None:
    params = jax.eval_shape(lambda: cell.init(jax.random.key(0), 1))
    names = {name_of(path) for path, _ in jax.tree.leaves_with_path(params)}
    if "w_hh" not in names:
        raise ValueError(
            f"WeightDrop drops weights named w_hh, and {cell!r} has none: it has "
            f"{', '.join(sorted(names))}. Use WeightNoise or InputDropout."
        )


def _add_noise(leaf: Array, std: float, key: Key) -> Array:
    noise = std * jax.random.normal(key, leaf.shape, accumulator_dtype(leaf.dtype))
    return leaf + noise.astype(leaf.dtype)
