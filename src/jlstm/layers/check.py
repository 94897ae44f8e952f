"""Whether a stack can do what a model asks of it, said before anything is drawn."""

from collections.abc import Iterator
from typing import Any

import jax

from jlstm._internal.types import Shape
from jlstm.layers.bidirectional import Bidirectional
from jlstm.layers.layer import Layer
from jlstm.layers.stack import Stack


def check_stack(
    name: str,
    layer: Layer,
    *,
    causal: bool = False,
    features: int = 1,
) -> None:
    """Raise ValueError where a layer cannot do what a model needs.

    Args:
        name: what the layers are called in the error.
        layer: a stack, or any other layer.
        causal: the output of a step depends on no later one.
        features: how many axes the input of a step has: 1 for a vector.

    Example:
        >>> from jlstm import ConvLSTMCell, Recurrent
        >>> images = Recurrent(ConvLSTMCell(8, input_shape=(5, 5)))
        >>> check_stack("the encoder", Stack((images,)))
        Traceback (most recent call last):
        ...
        ValueError: the encoder: layers[0] is Recurrent(cell=ConvLSTMCell(...)), whose
        steps have 3 axes; here a step is a vector: give a cell of vectors, such as
        LSTMCell(64).
    """
    for place, part in parts_of(layer):
        said = f"{name}{place and ': '}{place} is {part!r}"
        _check_features(said, part, features)
        if causal and reads_from_end(part):
            raise ValueError(
                f"{said}, which reads from the end; here no step may know later ones: "
                "give a layer that reads forwards, such as Recurrent(LSTMCell(64))."
            )


def parts_of(layer: Layer, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each layer that is no stack, with its place.

    Example:
        >>> from jlstm import GRUCell, Recurrent
        >>> gru = Recurrent(GRUCell(2))
        >>> [place for place, _ in parts_of(Stack((gru, Stack((gru,)))))]
        ['layers[0]', 'layers[1].layers[0]']
    """
    if not isinstance(layer, Stack):
        yield place, layer
        return
    for n, one in enumerate(layer.layers):
        yield from parts_of(one, f"{place}{'.' if place else ''}layers[{n}]")


def reads_from_end(layer: Layer) -> bool:
    """Whether a layer that is no stack reads a sequence from its end."""
    return isinstance(layer, Bidirectional) or getattr(layer, "reverse", False)


def _check_features(said: str, layer: Layer, features: int) -> None:
    came = layer.num_feature_axes
    if came == features:
        return
    wanted = "a vector" if features == 1 else f"an array of {features} axes"
    cell = (
        "a cell of vectors, such as LSTMCell(64)"
        if features == 1
        else "a convolutional cell, such as ConvLSTMCell"
    )
    axes = "axis" if came == 1 else "axes"
    raise ValueError(
        f"{said}, whose steps have {came} {axes}; here a step is {wanted}: give {cell}."
    )


def features_of(layer: Layer, input_size: Any) -> Shape:
    """Return the shape of one step: of images with the space of the first cell."""
    axes = layer.num_feature_axes
    if isinstance(input_size, tuple):
        shape = input_size
    else:
        shape = (*_space(layer), input_size)
    whole = all(isinstance(n, int) and not isinstance(n, bool) for n in shape)
    if len(shape) != axes or not whole or min(shape) < 1:
        wanted = "a positive integer" if axes == 1 else f"{axes} positive integers"
        raise ValueError(
            f"input_size is {input_size!r}; {layer!r} takes {wanted} in one step."
        )
    return shape


def _space(layer: Any) -> Shape:
    """Return what a cell that reads images calls ``input_shape``, ``()`` if none does.

    The first cell is the one that the input reaches.
    """
    if isinstance(layer, Stack):
        return _space(layer.layers[0])
    inside = getattr(layer, "forward", getattr(layer, "cell", None))
    own = getattr(layer, "input_shape", ())
    return own if own or inside is None else _space(inside)


def carry_types(layer: Layer) -> list[jax.ShapeDtypeStruct]:
    """Return what a step of one sequence hands to the next, without its structure.

    Example:
        >>> from jlstm import LSTMCell, Recurrent
        >>> [leaf.shape for leaf in carry_types(Recurrent(LSTMCell(4)))]
        [(4,), (4,)]
    """
    return jax.tree.leaves(jax.eval_shape(layer.init_carry))
