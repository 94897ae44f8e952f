"""Short texts for a notebook: of dataclasses what was given, of arrays their shapes."""

import dataclasses
from typing import Any


class ShortRepr:
    """Prints a dataclass with the fields that have no default or differ from it.

    The text is a valid constructor call. Subclasses are dataclasses with
    ``repr=False``.
    """

    def __repr__(self) -> str:
        shown = (
            f"{field.name}={getattr(self, field.name)!r}"
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        )
        return f"{type(self).__name__}({', '.join(shown)})"


def shapes_repr(self: Any) -> str:
    """Print a NamedTuple with the dtype and shape of each array, not its numbers.

    A NamedTuple has no base class but ``tuple``, so its body says
    ``__repr__ = shapes_repr``. What is no array prints as it does elsewhere.

    Example:
        >>> import jax
        >>> from jlstm import LSTMCell
        >>> LSTMCell(3, use_bias=False).init(jax.random.key(0), input_size=2)
        LSTMParams(w_ih=f32[2,4,3], w_hh=f32[3,4,3], b=None)
    """
    fields = zip(self._fields, self, strict=True)
    text = ", ".join(f"{name}={shown(part)}" for name, part in fields)
    return f"{type(self).__name__}({text})"


def shown(part: Any) -> str:
    """Return what stands for one field: of a tree of arrays their dtypes and shapes."""
    if isinstance(part, tuple) and hasattr(part, "_fields"):
        return shapes_repr(part)
    if type(part) is tuple:
        return f"({', '.join(map(shown, part))}{',' * (len(part) == 1)})"
    if type(part) is list:
        return f"[{', '.join(map(shown, part))}]"
    if type(part) is dict:
        pairs = (f"{name!r}: {shown(inner)}" for name, inner in part.items())
        return f"{{{', '.join(pairs)}}}"
    return _shown_leaf(part)


def _shown_leaf(leaf: Any) -> str:
    """Return ``f32[2,4]`` for an array, traced and abstract ones too, as jaxprs do."""
    shape, dtype = getattr(leaf, "shape", None), getattr(leaf, "dtype", None)
    if not isinstance(shape, tuple) or dtype is None:
        return repr(leaf)
    name = getattr(dtype, "name", str(dtype))
    for long, short in (("float", "f"), ("uint", "u"), ("int", "i"), ("complex", "c")):
        name = name.replace(long, short)
    return f"{name}[{','.join(map(str, shape))}]"
