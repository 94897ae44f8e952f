"""Compile rows for one machine; what came out is a line of JSON each.

    echo '["h100", "jlstm", "LSTMCell", "fused", "float32"]' |
        python -m benchmarks.elsewhere.work h100

The environment of the machine must be set before this process starts, as
:mod:`benchmarks.aot` does.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import SingleDeviceSharding

import jlstm
from benchmarks.elsewhere.launches import loops
from benchmarks.elsewhere.layers import Key, Layer, layer
from benchmarks.elsewhere.machines import MACHINES, device
from benchmarks.elsewhere.registers import kernels, said


def row(key: Key, where: Any) -> dict[str, Any]:
    """Return what the compiler made of a row, or why it made nothing."""
    started = time.perf_counter()
    with said() as heard:
        try:
            made = compiled(key, layer(key), where)
        except Exception as error:  # whatever it is belongs into the table
            made = {"error": f"{type(error).__name__}: {str(error).splitlines()[0]}"}
    if "error" not in made:
        made["kernels"] = kernels(heard[0])
    return {"key": key, "seconds": round(time.perf_counter() - started, 1), **made}


def compiled(key: Key, what: Layer, where: Any) -> dict[str, Any]:
    """Compile the gradient of a layer's parameters; return what can be read off it."""
    program = program_of(key, what, where)
    sizes = program.memory_analysis()
    cost = program.cost_analysis() or {}
    return {
        "temporaries": sizes.temp_size_in_bytes,
        "arguments": sizes.argument_size_in_bytes,
        "flops": cost.get("flops"),
        "loops": loops(program.as_text()),
    }


def program_of(key: Key, what: Layer, where: Any) -> Any:
    """Compile the gradient of the mean square of a layer's outputs."""
    machine = MACHINES[key.machine]
    params, xs = on(where, (what.params, what.xs))
    with jlstm.target(machine.platform, capability=machine.capability):
        step = jax.jit(jax.grad(loss_of(what.apply))).trace(params, xs)
        return step.lower(lowering_platforms=(machine.platform,)).compile()


def loss_of(apply: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return the mean square of what a layer gives."""
    return lambda params, xs: jnp.mean(apply(params, xs).astype(jnp.float32) ** 2)


def on(where: Any, types: Any) -> Any:
    """Lay types of arrays on a device."""
    placed = SingleDeviceSharding(where)
    return jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=placed),
        types,
    )


def main() -> None:
    """Read rows from standard input, write a line for each."""
    where = device(sys.argv[1])
    for line in sys.stdin:
        print(json.dumps(row(Key(*json.loads(line)), where)), flush=True)


if __name__ == "__main__":
    main()
