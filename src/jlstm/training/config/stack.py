"""A stack of recurrent layers, as the configuration of any task describes it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

import jax

from jlstm._internal.options import (
    Component,
    GivenOptions,
    OptionMap,
    Options,
    Positive,
    Rate,
    Sizes,
)
from jlstm._internal.types import Shape
from jlstm.cell import Cell
from jlstm.initializers import HiddenUniform, Uniform
from jlstm.layers import Bidirectional, Connect, Layer, Recurrent, Stack
from jlstm.layers.check import carry_types
from jlstm.training.config.catalog import (
    CellByName,
    cell_class,
    make,
    wrapper_class,
)

InitName = Literal["default", "torch", "uniform"]
CellName: TypeAlias = Annotated[str, CellByName]
ANY_IMAGE = (1024, 1024)
"""The shape on which options are checked before images are known: kernels fit."""


@dataclass(frozen=True)
class StackConfig(Options):
    """Recurrent layers over one another, all of one kind of cell.

    Attributes:
        cell: the class of the cell, by its name in :mod:`jlstm.cells`; one of your own
            by its import path, such as ``mymodule.MyCell``.
        options: of the cell, any field of its class but ``hidden_size``, such as
            ``{forget_bias: 0.0}``. What has options itself is written
            ``{name: Orthogonal, gain: 0.5}``, and ``Orthogonal`` without any.
        wrappers: around each cell, the innermost first, by name and options such as
            ``{name: Zoneout, h: 0.1}``; see :mod:`jlstm.wrappers`.
        hidden_sizes: units of each layer and direction, from the input upwards.
        bidirectional: read both ways and put the outputs side by side.
        connect: ``"plain"``, or ``"residual"``, ``"highway"`` or ``"skip"`` around
            the layers; see :class:`jlstm.Stack`.
        dropout: rate between layers.
        variational: keep the masks between layers over time.
        init: draws the weights and biases that ``options`` does not: ``"default"``
            (Glorot, orthogonal per gate), ``"torch"`` (U(±1/√H)) or ``"uniform"``
            (U(±init_scale)).
        init_scale: limit of ``init="uniform"``.

    Raises:
        ValueError: the cell, a wrapper or the stack refuses what it is given.

    Example:
        >>> config = StackConfig(hidden_sizes=(8, 8), bidirectional=True)
        >>> config.title, config.output_size
        ('BiLSTM 2×8', 16)
        >>> config = StackConfig("RNNCell", {"activation": "relu"}, hidden_sizes=(4,))
        >>> config.make_stack().layers
        (Recurrent(cell=RNNCell(hidden_size=4, activation='relu')),)
    """

    cell: CellName = "LSTMCell"
    options: GivenOptions = OptionMap()
    wrappers: tuple[Component, ...] = ()
    hidden_sizes: Sizes = (128,)
    bidirectional: bool = False
    connect: Connect = "plain"
    dropout: Rate = 0.0
    variational: bool = False
    init: InitName = "default"
    init_scale: Positive = 0.1
    feeds_images: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.reads_images and not self.feeds_images:
            raise ValueError(
                f"cell is {self.cell}, which reads images, and this task feeds "
                "vectors: choose another cell, or task=video, which feeds frames."
            )
        made = self.make_stack()
        if self.options:  # some are read only when parameters are drawn
            with _told("options"):
                jax.eval_shape(lambda: made.layers[0].init(jax.random.key(0), 1))

    @property
    def title(self) -> str:
        """What a table calls it."""
        both = "Bi" if self.bidirectional else ""
        name = self.cell.rpartition(".")[2].removesuffix("Cell")
        around = "".join(f" + {each.name}" for each in self.wrappers)
        way = "" if self.connect == "plain" else f", {self.connect}"
        return f"{both}{name} {describe_sizes(self.hidden_sizes)}{around}{way}"

    @property
    def output_size(self) -> int:
        """How many features come out of it."""
        return self.make_stack().output_size(1)

    @property
    def reads_images(self) -> bool:
        """Whether the cell is convolutional."""
        return cell_class(self.cell).num_feature_axes != 1

    def make_cell(self, size: int, input_shape: Shape = ANY_IMAGE) -> Cell:
        """Return the cell of a layer with ``size`` units, with its wrappers.

        Args:
            size: units, of a convolutional cell channels.
            input_shape: rows and columns of the images of a convolutional cell.
        """
        kind = cell_class(self.cell)
        own = {"input_shape": input_shape} if self.reads_images else {}
        with _told("options"):
            cell = make(kind, self.options, clear="options", hidden_size=size, **own)
        cell = self._drawn(cell)
        for n, each in enumerate(self.wrappers):
            with _told(f"wrappers[{n}]"):
                cell = make(wrapper_class(each.name), each.options, cell=cell)
        return cell

    def make_stack(self, input_shape: Shape = ANY_IMAGE) -> Stack:
        """Return the layers; ``input_shape`` is as in :meth:`make_cell`."""
        layers = tuple(self._make_layer(n, input_shape) for n in self.hidden_sizes)
        return Stack(layers, self.dropout, self.variational, self.connect)

    def _make_layer(self, size: int, input_shape: Shape) -> Layer:
        cell = self.make_cell(size, input_shape)
        return Bidirectional(cell) if self.bidirectional else Recurrent(cell)

    def _drawn(self, cell: Cell) -> Cell:
        """Return the cell with ``init`` in the place of its own initialisers."""
        if self.init == "default":
            return cell
        draw = HiddenUniform() if self.init == "torch" else Uniform(self.init_scale)
        drawn = (each.name for each in fields(cell) if _draws(each.name))
        return replace(cell, **{n: draw for n in drawn if n not in self.options})


@dataclass(frozen=True)
class ImageStackConfig(StackConfig):
    """Recurrent layers of a task that feeds images; convolutional cells too.

    Example:
        >>> config = ImageStackConfig("ConvLSTMCell", {"kernel_size": 5}, (), (16,))
        >>> config.make_stack(input_shape=(8, 8)).init_carry()[0].h.shape
        (8, 8, 16)
    """

    feeds_images: ClassVar[bool] = True


def check_forwards(stack: StackConfig, why: str, key: str = "model.stack") -> None:
    """Raise ValueError for layers that read both ways.

    Args:
        stack: the layers.
        why: what is wrong with that, as it goes on after "is true, ".
        key: of the layers.
    """
    if stack.bidirectional:
        raise ValueError(f"{key}.bidirectional is true, {why}: set it to false.")


def check_vector_carry(layer: Layer, key: str) -> None:
    """Raise ValueError for layers whose carry is more than vectors of real numbers."""
    for leaf in carry_types(layer):
        if leaf.ndim != 1 or jax.numpy.iscomplexobj(leaf):
            raise ValueError(
                f"{key}.cell keeps an array of shape {leaf.shape} ({leaf.dtype}) from "
                "step to step, and a bridge maps vectors of real numbers: choose a "
                "cell such as LSTMCell or GRUCell."
            )


def describe_sizes(sizes: tuple[int, ...]) -> str:
    """Return layer sizes in short.

    Example:
        >>> describe_sizes((200, 200)), describe_sizes((64, 32))
        ('2×200', '64-32')
    """
    if len(set(sizes)) == 1:
        return f"{len(sizes)}×{sizes[0]}"
    return "-".join(map(str, sizes))


def _draws(name: str) -> bool:
    """Whether a field draws a weight or a bias of a map, as torch does all alike."""
    return name.endswith("_init") and name.startswith(("w_", "b_"))


@contextmanager
def _told(key: str) -> Iterator[Any]:
    """Put a key before what is wrong below it."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise ValueError(f"{key}: {error}") from None
