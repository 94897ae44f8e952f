"""A stack of recurrent layers, read off a configuration."""

from dataclasses import dataclass

from jlstm._internal.options import Options, Positive, Rate, Sizes
from jlstm.initializers import Chrono, ChronoSteps
from jlstm.layers import Bidirectional, Layer, Recurrent, Stack
from jlstm.training.config.cells import TITLES, CellName, InitName, make_cell


@dataclass(frozen=True)
class EncoderConfig(Options):
    """Layers over one another, each in one direction or in both.

    Attributes:
        cell: which cell.
        hidden_sizes: units of each layer and direction, from the input upwards.
        bidirectional: read both ways and put the outputs side by side.
        dropout: rate between layers.
        variational: keep the masks between layers over time.
        forget_bias: of the LSTM cells.
        chrono: draw the forget bias of each unit for memories of up to so many steps
            (Tallec and Ollivier, 2018); ``None`` takes ``forget_bias``.
        init: as of :func:`jlstm.training.config.cells.make_cell`.
        init_scale: limit of ``init="uniform"``.

    Example:
        >>> config = EncoderConfig(hidden_sizes=(8, 8), bidirectional=True)
        >>> config.make_stack().output_size(3)
        16
        >>> config.title
        'BiLSTM 2×8'
    """

    cell: CellName = "lstm"
    hidden_sizes: Sizes = (128,)
    bidirectional: bool = False
    dropout: Rate = 0.0
    variational: bool = False
    forget_bias: float = 1.0
    chrono: ChronoSteps | None = None
    init: InitName = "default"
    init_scale: Positive = 0.1

    @property
    def title(self) -> str:
        """What a table calls it."""
        both = "Bi" if self.bidirectional else ""
        return f"{both}{TITLES[self.cell]} {describe_sizes(self.hidden_sizes)}"

    def make_stack(self) -> Stack:
        """Return the layers."""
        layers = tuple(self._make_layer(size) for size in self.hidden_sizes)
        return Stack(layers, self.dropout, self.variational)

    def _make_layer(self, size: int) -> Layer:
        cell = make_cell(
            self.cell,
            size,
            forget_bias=self._bias(),
            init=self.init,
            init_scale=self.init_scale,
        )
        return Bidirectional(cell) if self.bidirectional else Recurrent(cell)

    def _bias(self) -> float | Chrono:
        return self.forget_bias if self.chrono is None else Chrono(self.chrono)


def describe_sizes(sizes: tuple[int, ...]) -> str:
    """Return layer sizes in short.

    Example:
        >>> describe_sizes((200, 200)), describe_sizes((64, 32))
        ('2×200', '64-32')
    """
    if len(set(sizes)) == 1:
        return f"{len(sizes)}×{sizes[0]}"
    return "-".join(map(str, sizes))
