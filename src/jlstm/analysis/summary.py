"""What a cell or a layer consists of: shapes, parameters and bytes, as a table."""

import html
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from jlstm._internal.types import DType, Params, Shape
from jlstm.cell import Cell
from jlstm.layers import Bidirectional, HighwayParams, Layer, Recurrent, Stack

COLUMNS = ("params", "layer", "output", "name", "array", "count", "bytes")
NUMBERS = ("count", "bytes")


@dataclass(frozen=True)
class Parameter:
    """One array of a layer.

    Attributes:
        name: such as ``"w_ih"``.
        shape: of the array.
        dtype: its name.
        bytes: that it holds.
    """

    name: str
    shape: Shape
    dtype: str
    bytes: int

    @property
    def count(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Part:
    """One layer of a summary.

    Attributes:
        path: where its parameters lie in the params of the whole: ``"[1].forward"``.
        layer: what it is.
        output: the shape of one step of one row of a batch.
        parameters: its own, without those of the layers inside it.
    """

    path: str
    layer: str
    output: Shape
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, repr=False)
class Summary:
    """What a layer consists of; ``print`` it, or end a notebook's cell with it.

    Attributes:
        parts: the layer and, from the input upwards, the layers inside it.
    """

    parts: tuple[Part, ...]

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Those of all parts."""
        return tuple(each for part in self.parts for each in part.parameters)

    @property
    def count(self) -> int:
        """The number of all parameters."""
        return sum(each.count for each in self.parameters)

    @property
    def bytes(self) -> int:
        """What all parameters hold."""
        return sum(each.bytes for each in self.parameters)

    def __repr__(self) -> str:
        return f"Summary(count={self.count}, bytes={self.bytes})"

    def __str__(self) -> str:
        lines = [COLUMNS, *self._lines()]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(_text_line(line, widths) for line in lines)

    def _repr_html_(self) -> str:
        head, *body = (_html_line(line) for line in (COLUMNS, *self._lines()))
        return f"<table><thead>{head}</thead><tbody>{''.join(body)}</tbody></table>"

    def _lines(self) -> Iterator[tuple[str, ...]]:
        """Yield a line for each parameter, and one for each part that has none."""
        for part in self.parts:
            first = (part.path, part.layer, str(part.output))
            for each in part.parameters:
                array = f"{each.dtype}[{','.join(map(str, each.shape))}]"
                yield *first, each.name, array, f"{each.count:,}", f"{each.bytes:,}"
                first = ("", "", "")
            if not part.parameters:
                yield *first, "", "", "", ""
        yield "total", "", "", "", "", f"{self.count:,}", f"{self.bytes:,}"


def summary(layer: Any, input_size: int, dtype: DType = jnp.float32) -> Summary:
    """Tell what a cell or a layer consists of, without making any array.

    For a module of :mod:`jlstm.nnx` give ``model.layer`` and ``model.input_size``.

    Args:
        layer: a cell or a layer.
        input_size: features of its input.
        dtype: of the parameters.

    Raises:
        TypeError: ``layer`` is neither a cell nor a layer.
        ValueError: ``input_size`` is no positive integer.

    Example:
        >>> from jlstm import LSTMCell
        >>> stack = Stack((Recurrent(LSTMCell(64)), Recurrent(LSTMCell(32))))
        >>> table = summary(stack, input_size=8)
        >>> table
        Summary(count=31104, bytes=124416)
        >>> table.parts[1].output, table.parts[1].parameters[0].shape
        ((64,), (8, 4, 64))
        >>> print(summary(LSTMCell(64), input_size=8))
        params  layer                     output  name  array              count   bytes
                LSTMCell(hidden_size=64)  (64,)   w_ih  float32[8,4,64]    2,048   8,192
                                                  w_hh  float32[64,4,64]  16,384  65,536
                                                  b     float32[4,64]        256   1,024
        total                                                             18,688  74,752
    """
    _check(layer, input_size)
    params = jax.eval_shape(lambda: layer.init(jax.random.key(0), input_size, dtype))
    return Summary(tuple(_parts("", layer, params, input_size)))


def _check(layer: Any, input_size: Any) -> None:
    if isinstance(layer, type) or not isinstance(layer, Cell | Layer):
        inside = isinstance(getattr(layer, "layer", None), Cell | Layer)
        what = f"a {type(layer).__name__}" if inside else repr(layer)
        hint = "its .layer" if inside else "a cell or a layer, such as LSTMCell(64)"
        raise TypeError(f"summary: layer is {what}; give {hint}.")
    if (
        isinstance(input_size, bool)
        or not isinstance(input_size, int)
        or input_size < 1
    ):
        raise ValueError(
            f"summary: input_size is {input_size!r}; give a positive integer."
        )


def _parts(path: str, layer: Any, params: Params, input_size: int) -> Iterator[Part]:
    """Yield the part of a layer and then those inside it."""
    output = _output(layer, input_size)
    if isinstance(layer, Stack):
        yield Part(path, f"Stack of {len(layer.layers)}", output)
        yield from _layers(path, layer, params, input_size)
    elif isinstance(layer, Bidirectional):
        yield Part(path, f"Bidirectional, {layer.merge}", output)
        backward = layer.forward if layer.backward is None else layer.backward
        yield from _parts(f"{path}.forward", layer.forward, params.forward, input_size)
        yield from _parts(f"{path}.backward", backward, params.backward, input_size)
    else:
        yield Part(path, repr(layer), output, _parameters(params))


def _layers(path: str, stack: Stack, params: Params, input_size: int) -> Iterator[Part]:
    """Yield the parts of the layers of a stack, gates of a highway before each."""
    size = input_size
    for n, (layer, own) in enumerate(zip(stack.layers, params, strict=True)):
        place = f"{path}[{n}]"
        if isinstance(own, HighwayParams):
            gate = _parameters(own._replace(layer=None))
            yield Part(place, "highway gate", _output(layer, size), gate)
            place, own = f"{place}.layer", own.layer
        yield from _parts(place, layer, own, size)
        passed = input_size if stack.connect == "skip" else 0
        size = layer.output_size(size) + passed


def _output(layer: Any, input_size: int) -> Shape:
    """Return the shape of one step of one row: of images with their space."""
    if isinstance(layer, Cell):
        return jax.eval_shape(layer.init_carry).h.shape
    if isinstance(layer, Recurrent):
        return _output(layer.cell, input_size)
    space: Shape = ()
    if isinstance(layer, Bidirectional):
        space = _output(layer.forward, input_size)[:-1]
    if isinstance(layer, Stack):
        space = _output(layer.layers[-1], input_size)[:-1]
    return (*space, layer.output_size(input_size))


def _parameters(params: Params) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(
            jax.tree_util.keystr(path, simple=True, separator="."),
            leaf.shape,
            leaf.dtype.name,
            leaf.size * leaf.dtype.itemsize,
        )
        for path, leaf in jax.tree_util.tree_leaves_with_path(params)
    )


def _text_line(line: tuple[str, ...], widths: list[int]) -> str:
    texts = (
        text.rjust(width) if column in NUMBERS else text.ljust(width)
        for text, width, column in zip(line, widths, COLUMNS, strict=True)
    )
    return "  ".join(texts).rstrip()


def _html_line(line: tuple[str, ...]) -> str:
    return f"<tr>{''.join(f'<td>{html.escape(text)}</td>' for text in line)}</tr>"
