"""The shapes that the weights of a recurrent module of torch have, one by the other."""

from collections.abc import Mapping
from typing import Any

from jlstm._internal.types import Shape
from jlstm.interop._names import Place, name_of
from jlstm.interop._weights import axes, check_weights

Weights = Mapping[str, Any]
"""The weights of one layer and direction, by their names without a layer."""


def hidden_size_of(weights: Weights) -> int:
    """Return the hidden units of one layer and direction."""
    name = "weight_hr" if "weight_hr" in weights else "weight_hh"
    return axes(name, weights[name], 2)[1]


def check_shapes(weights: Mapping[Place, Weights]) -> None:
    """Require shapes that fit each other, within a layer and from layer to layer.

    Raises:
        TypeError: a weight is no array of floats.
        ValueError: a weight has another shape.
    """
    ways = len({way for _, way in weights})
    below: int | None = None
    hidden_size = hidden_size_of(weights[0, False])
    for place in sorted(weights):
        own = {name_of(name, place): array for name, array in weights[place].items()}
        wanted = _wanted(weights[place], place, hidden_size)
        if below is not None:
            first = name_of("weight_ih", place)
            wanted[first] = (wanted[first][0], below)
        check_weights("torch.nn", own, wanted)
        last = place[1] == (ways == 2)
        below = ways * _outputs(weights[place]) if last else below


def _wanted(own: Weights, place: Place, hidden_size: int) -> dict[str, Shape]:
    """Return the shapes of a layer by names, from its gates, units and features."""
    weight_ih = name_of("weight_ih", place)
    rows, features = axes(f"torch.nn: {weight_ih}", own["weight_ih"], 2)
    gates = _gates(weight_ih, rows, hidden_size)
    shapes = {
        "weight_ih": (rows, features),
        "weight_hh": (gates * hidden_size, _outputs(own)),
        "bias_ih": (rows,),
        "bias_hh": (rows,),
        "weight_hr": (_outputs(own), hidden_size),
    }
    return {name_of(name, place): shapes[name] for name in own}


def _outputs(own: Weights) -> int:
    """Return the outputs of a layer and direction: its units, or their projection."""
    if "weight_hr" in own:
        return axes("torch.nn: weight_hr", own["weight_hr"], 2)[0]
    return axes("torch.nn: weight_hh", own["weight_hh"], 2)[1]


def _gates(name: str, rows: int, hidden_size: int) -> int:
    gates = rows // hidden_size
    if rows % hidden_size or gates not in (1, 3, 4):
        raise ValueError(
            f"torch.nn: {name} has {rows} rows for {hidden_size} hidden units; an LSTM "
            "has 4 rows per unit, a GRU 3, an RNN 1."
        )
    return gates
