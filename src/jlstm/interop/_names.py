"""The names of ``torch.nn``'s recurrent weights: find them, group them, check them."""

import re
from collections.abc import Iterable
from typing import Any

NAME = re.compile(
    r"(weight_ih|weight_hh|bias_ih|bias_hh|weight_hr)(?:_l(\d+)(_reverse)?)?"
)
TAIL = re.compile(rf"(?:^|(?<=[./])){NAME.pattern}$")
BIASES = frozenset({"bias_ih", "bias_hh"})

Place = tuple[int, bool]
"""The number of a layer, and whether it is its backward half."""


def group(names: Iterable[str], prefix: str) -> dict[Place, dict[str, str]]:
    """Map layer and direction to what its weights are called under ``prefix``.

    The weights of a single cell, which torch names without a layer, are layer 0.

    Raises:
        ValueError: there are none, or they are not all.

    Example:
        >>> names = ["rnn.weight_ih_l0", "rnn.weight_hh_l0", "head.weight"]
        >>> group(names, "rnn.")
        {(0, False): {'weight_ih': 'rnn.weight_ih_l0', 'weight_hh': 'rnn.weight_hh_l0'}}
    """
    places: dict[Place, dict[str, str]] = {}
    names = [name for name in names if isinstance(name, str)]
    for name in names:
        if name.startswith(prefix) and (m := NAME.fullmatch(name[len(prefix) :])):
            weight, layer, reverse = m.groups()
            places.setdefault((int(layer or 0), bool(reverse)), {})[weight] = name
    if not places:
        raise ValueError(_none_found(names, prefix))
    _check_complete(places, prefix)
    return places


def has_weights(names: Iterable[Any]) -> bool:
    """Whether one of these is the name of a recurrent weight, under any prefix."""
    return any(isinstance(name, str) and TAIL.search(name) for name in names)


def _none_found(names: list[str], prefix: str) -> str:
    others = sorted({name[: m.start()] for name in names if (m := TAIL.search(name))})
    if others:
        return (
            f"No weight_ih_l0 with the prefix {prefix!r}; recurrent weights have the "
            f"prefixes {others}. Give one of these as prefix."
        )
    some = ", ".join(sorted(names)[:4]) or "no names"
    return (
        "No weight_ih_l0, as torch.nn's LSTM, GRU and RNN name their weights: there "
        f"are {some}. Give the state_dict() of such a module, not quantized."
    )


def name_of(weight: str, place: Place) -> str:
    """Return torch's name of a weight.

    Example:
        >>> name_of("weight_hh", (1, True))
        'weight_hh_l1_reverse'
    """
    layer, reverse = place
    return f"{weight}_l{layer}{'_reverse' if reverse else ''}"


def _check_complete(places: dict[Place, dict[str, str]], prefix: str) -> None:
    """Require the same weights of every layer from 0 on, in every direction."""
    ways = {False} | {reverse for _, reverse in places}
    wanted = {(n, way) for n in range(len(places) // len(ways)) for way in ways}
    some, *others = {frozenset(weights) for weights in places.values()}
    legal = some >= {"weight_ih", "weight_hh"} and some & BIASES in (set(), BIASES)
    if places.keys() != wanted or others or not legal:
        came = sorted(name_of(w, place) for place in places for w in places[place])
        raise ValueError(
            f"The weights with the prefix {prefix!r} are not those of a whole module: "
            f"{', '.join(came)}. Every layer and direction needs weight_ih, weight_hh "
            "and both biases or none."
        )
