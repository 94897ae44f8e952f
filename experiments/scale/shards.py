"""A training step whose rows are split over devices: kernel, formula, and the sum.

python -m experiments.scale.shards              # two minutes on two cores

The devices are parts of one CPU. Each row: the time of an LSTM's value and gradient on
one device, on eight by the kernel on each shard, on eight by the formula that XLA
splits where a mesh has no names that tell, and of the all-reduce of gradients alone.
"""

import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("JAX_NUM_CPU_DEVICES", "8")

import jax
import jax.numpy as jnp
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

import jlstm

SIZES = ((50, 64, 128), (200, 16, 128), (50, 64, 512))
"""Steps, rows, units."""
REPEATS = 9


def main() -> None:
    """Print the table."""
    print("| steps, rows, units | one | kernel per shard | formula | all-reduce |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for size in SIZES:
        times = [
            f"{1e3 * seconds:.1f} ms"
            for seconds in (
                step(size, None), step(size, "data"), step(size, "rows"), reduce(size)
            )
        ]  # fmt: skip
        print(f"| {size} | {' | '.join(times)} |", flush=True)


def step(size: tuple[int, int, int], axis: str | None) -> float:
    """Return the seconds of value and gradient, rows split over an axis."""
    steps, rows, units = size
    cell = jlstm.LSTMCell(units)
    params = cell.init(jax.random.key(0), units)
    xs = jax.random.normal(jax.random.key(1), (steps, rows, units))

    @jax.jit
    def run(params, xs):
        return jax.value_and_grad(
            lambda p: jnp.square(jlstm.unroll(cell, p, xs)[1]).mean()
        )(params)

    if axis is None:
        return timed(lambda: run(params, xs))
    mesh = jax.make_mesh((8,), (axis,), axis_types=(AxisType.Auto,))
    with jax.set_mesh(mesh):
        params = jax.device_put(params, NamedSharding(mesh, P()))
        xs = jax.device_put(xs, NamedSharding(mesh, P(None, axis)))
        return timed(lambda: run(params, xs))


def reduce(size: tuple[int, int, int]) -> float:
    """Return the seconds of the all-reduce of the gradients, one on each device."""
    cell = jlstm.LSTMCell(size[-1])
    grads = jax.tree.map(
        lambda leaf: jnp.ones((8, *leaf.shape)), cell.init(jax.random.key(0), size[-1])
    )
    mesh = jax.make_mesh((8,), ("data",), axis_types=(AxisType.Auto,))
    with jax.set_mesh(mesh):
        grads = jax.device_put(grads, NamedSharding(mesh, P("data")))
        run = jax.jit(
            jax.shard_map(
                lambda g: jax.lax.psum(g, "data"), in_specs=P("data"), out_specs=P(None)
            )
        )
        return timed(lambda: run(grads))


def timed(run: Callable) -> float:
    """Return the median of the seconds of some calls, compiled before."""
    jax.block_until_ready(run())
    found = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        jax.block_until_ready(run())
        found.append(time.perf_counter() - begun)
    return statistics.median(found)


if __name__ == "__main__":
    main()
