"""Layers as StableHLO artifacts: one file that runs without this library.

An artifact is what :mod:`jax.export` serializes; it runs for every batch size and every
number of steps. Carries and parameters go in and out as dicts with the names of their
fields, so that loading needs no class of jlstm: ``jax.export.deserialize(data).call``
is all that :func:`load` does::

    start = load(export_start(layer, params, input_size))
    step = load(export_step(layer, params, input_size))
    carry = start(x)  # x: (b, x)
    carry, y = step(x, carry)

    run = load(export_sequence(layer, params, input_size, lengths=True))
    carry, ys = run(xs, carry, lengths)  # xs: (t, b, x)
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from jax import export

from jlstm._internal.types import Carry, DType, Params, Shape, accumulator_dtype
from jlstm.cell import Cell
from jlstm.interop._files import read_model
from jlstm.layers import Layer, Recurrent
from jlstm.layers.check import features_of, parts_of, reads_from_end


def export_sequence(
    layer: Cell | Layer,
    params: Params,
    input_size: int | Shape,
    *,
    lengths: bool = False,
    bake: bool = True,
    dtype: DType = jnp.float32,
    platforms: Sequence[str] | None = None,
) -> bytes:
    """Export ``layer.apply``: ``carry, ys = run(xs, carry)``.

    Args:
        layer: a layer, or a cell that runs forward in time.
        params: of the layer.
        input_size: features of one step, of images their channels, or the shape of
            one step.
        lengths: the artifact takes lengths, one int32 a row, as its last argument.
        bake: keep the parameters in the artifact; else they are its first argument, in
            the form that :func:`to_dicts` gives them.
        dtype: of the inputs and outputs.
        platforms: where it shall run, such as ``("cpu", "cuda")``; default: here.
    """
    layer = _as_layer(layer)
    steps, rows = export.symbolic_shape("t, b")
    template = _carry_shapes(layer, params, rows, dtype)

    def run(params, xs, carry, *rest):
        start = _restore(template, carry)
        last, ys = layer.apply(params, xs, start, lengths=rest[0] if rest else None)
        return to_dicts(last), ys

    arguments = [
        jax.ShapeDtypeStruct((steps, rows, *features_of(layer, input_size)), dtype),
        to_dicts(template),
    ]
    if lengths:
        arguments.append(jax.ShapeDtypeStruct((rows,), jnp.int32))
    return _serialize(run, params, arguments, bake, platforms)


def export_step(
    layer: Cell | Layer,
    params: Params,
    input_size: int | Shape,
    *,
    bake: bool = True,
    dtype: DType = jnp.float32,
    platforms: Sequence[str] | None = None,
) -> bytes:
    """Export one step, for streaming: ``carry, y = step(x, carry)``.

    The arguments are those of :func:`export_sequence`.

    Raises:
        ValueError: a part of the layer reads the sequence from its end.

    Example:
        >>> from jlstm import GRUCell
        >>> layer = Recurrent(GRUCell(3), reverse=True)
        >>> export_step(layer, layer.init(jax.random.key(0), input_size=2), 2)
        Traceback (most recent call last):
        ...
        ValueError: export_step runs forward in time, one step a call; ...
    """
    layer = _as_layer(layer)
    _check_forward(layer)
    (rows,) = export.symbolic_shape("b")
    template = _carry_shapes(layer, params, rows, dtype)

    def step(params, x, carry):
        last, ys = layer.apply(params, x[None], _restore(template, carry))
        return to_dicts(last), ys[0]

    x = jax.ShapeDtypeStruct((rows, *features_of(layer, input_size)), dtype)
    return _serialize(step, params, [x, to_dicts(template)], bake, platforms)


def export_start(
    layer: Cell | Layer,
    params: Params,
    input_size: int | Shape,
    *,
    bake: bool = True,
    dtype: DType = jnp.float32,
    platforms: Sequence[str] | None = None,
) -> bytes:
    """Export the carry that a sequence starts from: ``carry = start(x)``.

    ``x`` is the input of any step; only its batch size counts. The arguments are those
    of :func:`export_sequence`.
    """
    layer = _as_layer(layer)
    (rows,) = export.symbolic_shape("b")

    def start(params, x):
        return to_dicts(
            layer.fresh_carry(params, x.shape[:1], accumulator_dtype(dtype))
        )

    x = jax.ShapeDtypeStruct((rows, *features_of(layer, input_size)), dtype)
    return _serialize(start, params, [x], bake, platforms)


def load(artifact: bytes | str | Path) -> Callable[..., Any]:
    """Return the function of an artifact; it is compiled once for each shape.

    Args:
        artifact: what an ``export_…`` returned, or the path of a file that holds it.

    Raises:
        FileNotFoundError: nothing is at the path.
        TypeError: it is neither bytes nor a path.
        ValueError: it is no artifact, or a damaged one.
    """
    if isinstance(artifact, str | Path):
        return read_model("StableHLO", artifact, lambda path: load(path.read_bytes()))
    if not isinstance(artifact, bytes | bytearray):
        raise TypeError(
            f"The artifact is a {type(artifact).__name__}; give bytes or a path."
        )
    try:
        exported = export.deserialize(bytearray(artifact))
    except Exception as error:  # of flatbuffers: struct's, TypeError and others
        raise ValueError(
            f"The {len(artifact)} bytes are no artifact of jax.export, or damaged "
            f"({str(error)[:80]})."
        ) from error
    return jax.jit(exported.call)


def to_dicts(tree: Any) -> Any:
    """Turn every NamedTuple of a carry or of parameters into a dict.

    Example:
        >>> from jlstm import GRUCell
        >>> to_dicts(GRUCell(2).init_carry())
        {'h': Array([0., 0.], dtype=float32)}
    """
    if hasattr(tree, "_fields"):
        return {name: to_dicts(part) for name, part in tree._asdict().items()}
    if isinstance(tree, tuple):
        return tuple(to_dicts(part) for part in tree)
    return tree


def _restore(template: Any, plain: Any) -> Any:
    """Turn dicts back into the NamedTuples of ``template``."""
    if hasattr(template, "_fields"):
        parts = (_restore(part, plain[n]) for n, part in template._asdict().items())
        return type(template)(*parts)
    if isinstance(template, tuple):
        return tuple(_restore(*pair) for pair in zip(template, plain, strict=True))
    return plain


def _serialize(
    function: Callable[..., Any],
    params: Params,
    arguments: list[Any],
    bake: bool,
    platforms: Sequence[str] | None,
) -> bytes:
    if bake:
        ready = jax.jit(lambda *rest: function(params, *rest))
    else:
        ready = jax.jit(lambda own, *rest: function(_restore(params, own), *rest))
        arguments = [to_dicts(jax.eval_shape(lambda: params)), *arguments]
    return bytes(export.export(ready, platforms=platforms)(*arguments).serialize())


def _as_layer(layer: Cell | Layer) -> Layer:
    return Recurrent(layer) if isinstance(layer, Cell) else layer


def _check_forward(layer: Layer) -> None:
    for _, part in parts_of(layer):
        if reads_from_end(part):
            raise ValueError(
                "export_step runs forward in time, one step a call; "
                f"{part!r} reads the sequence from its end. Use export_sequence, or a "
                "layer that runs forward."
            )


def _carry_shapes(layer: Layer, params: Params, rows: Any, dtype: DType) -> Carry:
    return jax.eval_shape(
        lambda: layer.fresh_carry(params, (rows,), accumulator_dtype(dtype))
    )
