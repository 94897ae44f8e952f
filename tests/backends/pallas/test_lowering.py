"""The kernels go through Mosaic's compiler for the GPU as far as a CPU can take them.

That decides layouts, tiles and copies of every operation, adds up the shared memory and
refuses what the hardware has not; what is left is the translation to machine code.
"""

import jax
import jax.numpy as jnp
import pytest
from jax.sharding import PartitionSpec as P

from tests.backends.pallas.samples import CASES, CELLS, Point, draw, run


def kernels_of(cell, dtype, checkpoint=None):
    """Count the kernels in the gradient of a run that has every option."""
    sample = draw(cell, 3, (130,), 3, dtype=jnp.dtype(dtype))

    def loss(point):
        given = sample._replace(point=point)
        return run("pallas on a GPU", cell, given, checkpoint=checkpoint)[1].sum()

    traced = jax.jit(jax.grad(loss)).trace(sample.point)
    text = traced.lower(lowering_platforms=("cuda",)).as_text()
    return text.count("custom_call @mosaic_gpu")


@pytest.mark.long
@pytest.mark.parametrize(("kind", "dtype"), CASES)
def test_forward_and_backward_lower_for_a_gpu(kind, dtype):
    assert kernels_of(kind(70), dtype) == 2


@pytest.mark.long
def test_chunks_lower_for_a_gpu():
    """Three steps in chunks of two: a whole chunk and a rest, each both ways."""
    assert kernels_of(CELLS[0](70), "bfloat16", checkpoint=2) >= 4


@pytest.mark.long
def test_shards_lower_for_a_gpu():
    """Inside the default ``shard_map`` what a kernel makes varies over the devices."""
    cell = CELLS[1](64)
    sample = draw(cell, 2, (64,), 3, flags=False)
    spec = Point(P(), P(None, "rows"), P("rows"), P("rows"))

    def outputs(point):
        return run("pallas on a GPU", cell, sample._replace(point=point))[1]

    auto = (jax.sharding.AxisType.Auto,)
    mesh = jax.make_mesh((2,), ("rows",), auto, devices=jax.devices()[:2])
    spread = jax.shard_map(
        outputs, mesh=mesh, in_specs=(spec,), out_specs=P(None, "rows")
    )
    traced = jax.jit(jax.grad(lambda point: spread(point).sum())).trace(sample.point)
    text = traced.lower(lowering_platforms=("cuda",)).as_text()
    assert text.count("custom_call @mosaic_gpu") == 2
