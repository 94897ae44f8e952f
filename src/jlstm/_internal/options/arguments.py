"""What is given to ``init`` and ``init_carry``: a key, a size, a shape, a dtype."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from jlstm._internal.options.limits import Count, Size
from jlstm._internal.options.rules import rule_of
from jlstm._internal.options.texts import short, wrong_value

F = TypeVar("F", bound=Callable[..., Any])


class Drawn:
    """What draws parameters and makes carries: its arguments are checked.

    The methods in ``CHECKED`` are wrapped where a subclass defines them, so that a cell
    or a layer of somebody else is checked like the library's own.
    """

    CHECKED: ClassVar[tuple[str, ...]] = ("init", "init_carry", "fresh_carry")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in cls.CHECKED:
            if inspect.isfunction(method := vars(cls).get(name)):
                setattr(cls, name, check_arguments(method))


def check_arguments(method: F) -> F:
    """Check the arguments of a method that are called as those of ``Cell.init`` are.

    These are ``key``, ``input_size``, ``batch_shape``, ``shape`` and ``dtype``; numpy
    integers become plain ones.
    """
    signature = inspect.signature(method)
    named = [name for name in signature.parameters if name in _CHECKS]

    @functools.wraps(method)
    def checked(self: Any, *args: Any, **kwargs: Any) -> Any:
        given = signature.bind(self, *args, **kwargs)
        for name in named:
            if name in given.arguments:
                place = f"{type(self).__name__}: {name}"
                given.arguments[name] = _CHECKS[name](given.arguments[name], place)
        return method(*given.args, **given.kwargs)

    return checked


def _key(value: Any, place: str) -> Any:
    """Require one random key, of either kind that JAX has."""
    if not isinstance(value, jax.Array | np.ndarray):
        seed = value if type(value) is int else 0
        raise TypeError(
            f"{place} is {short(value)} ({type(value).__name__}); give a random key: "
            f"jax.random.key({seed})."
        )
    typed = jnp.issubdtype(value.dtype, jax.dtypes.prng_key)
    if value.ndim != (0 if typed else 1) or not (typed or value.dtype == jnp.uint32):
        raise TypeError(
            wrong_value(place, value, "one random key, such as jax.random.key(0)")
        )
    return value


def _dimension(value: Any, place: str, hint: Any) -> Any:
    """Take a size; one that ``jax.export`` leaves open passes."""
    if hasattr(type(value), "dimension_as_value"):
        return value
    return rule_of(hint).take(value, place)


def _input_size(value: Any, place: str) -> Any:
    return _dimension(value, place, Size)


def _shape(value: Any, place: str, each: Any = Count) -> tuple[Any, ...]:
    if not isinstance(value, tuple | list):
        example = f"({short(value)},)" if type(value) is int else "(2, 3)"
        raise TypeError(
            wrong_value(place, value, f"a tuple, such as {example}", show_type=True)
        )
    return tuple(_dimension(n, f"{place}[{i}]", each) for i, n in enumerate(value))


def _dtype(value: Any, place: str) -> Any:
    """Require a floating-point type; None would be float64."""
    try:
        dtype = None if value is None else jnp.dtype(value)
    except TypeError:
        dtype = None
    if dtype is None or not jnp.issubdtype(dtype, jnp.floating):
        name = short(value) if dtype is None else dtype.name
        raise TypeError(
            f"{place} is {name}; give a floating-point type, such as jnp.float32."
        )
    return value


_CHECKS: dict[str, Callable[[Any, str], Any]] = {
    "key": _key,
    "input_size": _input_size,
    "batch_shape": _shape,
    "shape": functools.partial(_shape, each=Size),
    "dtype": _dtype,
}
