"""What a step reads, computed by XLA before the kernel runs."""

from typing import Any

import jax
from jax.extend.core import Literal
from jaxtyping import Array

from jlstm._backends.native.equations.cut import Place
from jlstm._backends.native.equations.trace import Trace


def made_of(trace: Trace, places: list[Place]) -> Any:
    """Return the function from the parameters, x and the key to some places."""
    inputs = [("input", n) for n in range(sum(trace.counts[:3]))]
    consts = [place for place in trace.places.values() if place[0] == "const"]
    function = trace.part([*inputs, *consts], _needed(trace, places), places)
    values = [trace.closed.consts[n] for _, n in consts]
    return lambda leaves: function(*leaves, *values)


def _needed(trace: Trace, places: list[Place]) -> list[int]:
    """Return the equations that places are made by, in order."""
    found: set[int] = set()
    stack = list(places)
    while stack:
        number = stack.pop()[0]
        if not isinstance(number, int) or number in found:
            continue
        found.add(number)
        read = trace.jaxpr.eqns[number].invars
        stack += [trace.places[v] for v in read if not isinstance(v, Literal)]
    return sorted(found)


def computed(
    trace: Trace, shared: list[Place], each: list[Place], inputs: tuple
) -> tuple[list[Array], list[Array]]:
    """Return the values of some places, and of others at every step.

    Args:
        trace: of the step, with true sizes.
        shared: places that depend on the parameters alone.
        each: places that depend on the input of the step or its key.
        inputs: parameters, inputs of all steps, and keys of all steps or None.
    """
    params, xs, keys = inputs
    leaves = jax.tree.leaves(params)
    _, x, key = trace.counts[:3]
    nothing = [None] * (x + key)
    got = made_of(trace, shared)([*leaves, *nothing]) if shared else []
    if not each:
        return got, []
    at_step = made_of(trace, each)

    def step(x: Array, key: Any) -> list[Array]:
        return at_step([*leaves, x, *jax.tree.leaves(key)])

    return got, jax.vmap(step, in_axes=(0, None if keys is None else 0))(xs, keys)
