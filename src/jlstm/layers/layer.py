"""What a layer is: a map of sequences, time first."""

from typing import Any, Protocol, runtime_checkable

from jaxtyping import Array

from jlstm._internal.types import Carry, DType, Key, Params, Shape


@runtime_checkable
class Layer(Protocol):
    """A map of sequences.

    ``apply`` runs over a whole sequence. ``prepare`` and ``step`` do the same step by
    step, for loops in which an output decides on the next input::

        prepared, noise = layer.prepare(params, xs, key)

        def step(carry, inputs):
            return layer.step(prepared, carry, *inputs)

        carry, ys = jax.lax.scan(step, carry, (xs, noise))

    This is ``layer.apply(params, xs, carry, key=key)``, with the same noise.
    """

    @property
    def num_feature_axes(self) -> int: ...

    def init(self, key: Key, input_size: int, dtype: DType = ...) -> Params: ...

    def init_carry(self, batch_shape: Shape = (), dtype: DType = ...) -> Carry: ...

    def fresh_carry(
        self, params: Params, batch_shape: Shape = (), dtype: DType = ...
    ) -> Carry: ...

    def output_size(self, input_size: int) -> int: ...

    def apply(
        self,
        params: Params,
        xs: Array,
        carry: Carry | None = None,
        *,
        lengths: Array | None = None,
        mask: Array | None = None,
        resets: Array | None = None,
        key: Key | None = None,
    ) -> tuple[Carry, Array]: ...

    def prepare(
        self, params: Params, xs: Any, key: Key | None = None
    ) -> tuple[Params, Any]: ...

    def step(
        self, params: Params, carry: Carry, x: Array, noise: Any = None
    ) -> tuple[Carry, Array]: ...
