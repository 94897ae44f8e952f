"""What a type checker learns of a cell: the types of its carry and of its gates.

A cell says them where it says everything else, in the signatures of its methods; no
class is generic for it. So ``carry.c`` of an ``LSTMCell`` is an array to the checker,
and ``carry.c`` of a ``GRUCell`` an error.
"""

from typing import Any, Protocol, TypeVar, runtime_checkable

from jlstm._internal.types import DType, Key, Params, Shape

CarryT = TypeVar("CarryT")
GatesT = TypeVar("GatesT")
CarryT_co = TypeVar("CarryT_co", covariant=True)
GatesT_co = TypeVar("GatesT_co", covariant=True)


@runtime_checkable
class Stepping(Protocol[CarryT_co, GatesT_co]):
    """A cell by the types of its carry and of its gates; a layer has no ``project``."""

    def init_carry(self, batch_shape: Shape = ..., dtype: DType = ...) -> CarryT_co: ...

    def project(self, params: Params, x: Any) -> Any: ...

    def step(
        self, params: Params, carry: Any, zx: Any, key: Key | None = ...
    ) -> tuple[Any, GatesT_co]: ...


@runtime_checkable
class Gating(Protocol[GatesT_co]):
    """A gated cell by the type of its gates."""

    def recur(self, params: Params, h: Any) -> Any: ...

    def gate(
        self, params: Any, carry: Any, zx: Any, zh: Any
    ) -> tuple[Any, GatesT_co]: ...
