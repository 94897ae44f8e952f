"""The one kernel: a matrix product whose result goes through elementwise equations.

A block of the GPU makes one tile: 64 rows of the batch, some hidden units. Everything
is moved by the tensor memory accelerator (TMA); operands of the equations travel to
shared memory while the tensor cores multiply.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array

from jlstm._backends.pallas.tiles import ROWS, Tile
from jlstm._internal.tree import vary_like

Grid = list[list[Array]]


class Operand(NamedTuple):
    """A matrix that the equations read, in blocks of all hidden units side by side."""

    array: Any
    blocks: int = 1
    timed: bool = False
    """Whether its rows are those of all steps, one after the other."""


class Result(NamedTuple):
    """A matrix to make: planes below each other, blocks of units side by side."""

    dtype: Any
    blocks: int = 1
    planes: int = 1


class Product(NamedTuple):
    """The matrices to multiply: pieces below each other; a block's columns of ``w``."""

    a: Any
    w: Any
    pieces: int
    gates: int


Epilogue = Callable[[list[Array], Grid], Sequence[Sequence[Array]]]
"""Maps the product's tiles and those of the operands to those of the results."""


def fused_product(
    step: Array,
    product: Product,
    operands: Sequence[Operand],
    results: Sequence[Result],
    epilogue: Epilogue,
    size: int,
    tile: Tile,
    *,
    interpret: bool,
) -> list[Array]:
    """Multiply and apply the equations, as one kernel.

    Args:
        step: which rows of the operands that are ``timed`` to read.
        product: what to multiply.
        operands: what the equations read next to the product.
        results: what they make.
        epilogue: the equations.
        size: hidden units, a multiple of the tile's.
        tile: how to cut the work.
        interpret: simulate a GPU on the CPU; for tests.
    """
    from jax.experimental.pallas import mosaic_gpu as plgpu

    rows = product.a.shape[0] // product.pieces
    body = partial(_block, product, operands, results, epilogue, rows, size, tile)
    types = [
        jax.ShapeDtypeStruct((one.planes * rows, one.blocks * size), one.dtype)
        for one in results
    ]
    kernel = plgpu.kernel(
        body,
        out_type=types,
        grid=(rows // ROWS, size // tile.units),
        grid_names=("rows", "units"),
        compiler_params=plgpu.CompilerParams(
            lowering_semantics=plgpu.LoweringSemantics.Warpgroup
        ),
        interpret=_simulation() if interpret else False,
    )
    arrays = [operand.array for operand in operands]
    taken = (product.a, product.w, *arrays)
    # A kernel says nothing about devices: inside shard_map its results vary as they do.
    return vary_like(kernel(step.reshape(1), *taken), taken)


def _simulation() -> Any:
    """Return what tells Pallas to simulate a GPU's memories and copies.

    ``interpret=True``, the simulation for all platforms, knows neither TMA nor the
    tensor cores.
    """
    from jax._src.pallas.mosaic_gpu.interpret.params import InterpretGPUParams

    return InterpretGPUParams()


def _block(
    product: Product,
    operands: Sequence[Operand],
    results: Sequence[Result],
    epilogue: Epilogue,
    rows: int,
    size: int,
    tile: Tile,
    step: Any,
    a: Any,
    w: Any,
    *refs: Any,
) -> None:
    """Make one tile of every result."""
    from jax.experimental import pallas as pl
    from jax.experimental.pallas import mosaic_gpu as plgpu

    inputs, outputs = refs[: len(operands)], refs[len(operands) :]
    i, j = lax.axis_index("rows"), lax.axis_index("units")
    now = step[0]

    def of_block(base: Any, block: int) -> tuple:
        return (
            pl.ds(base + i * ROWS, ROWS),
            pl.ds(block * size + j * tile.units, tile.units),
        )

    # Asked for first and waited for after the product: operands travel meanwhile.
    def scope(taken: list, made: list, arrived: Any) -> None:
        for ref, operand, smem in zip(inputs, operands, taken, strict=True):
            base = now * rows if operand.timed else 0
            for n in range(operand.blocks):
                source = ref.at[of_block(base, n)]
                plgpu.copy_gmem_to_smem(source, smem.at[n], arrived)
        multiplied = _multiply(product, rows, tile, i, j, a, w)
        plgpu.barrier_wait(arrived)
        tiles = [
            [smem[n] for n in range(operand.blocks)]
            for operand, smem in zip(operands, taken, strict=True)
        ]
        computed = epilogue(multiplied, tiles)
        for smem, blocks in zip(made, computed, strict=True):
            for n, block in enumerate(blocks):
                smem[n] = block.astype(smem.dtype)
        # TMA reads shared memory by another path than the stores above went.
        plgpu.commit_smem()
        for ref, result, smem in zip(outputs, results, made, strict=True):
            for n in range(result.planes * result.blocks):
                plane, block = divmod(n, result.blocks)
                target = ref.at[of_block(plane * rows, block)]
                plgpu.copy_smem_to_gmem(smem.at[n], target)
        plgpu.wait_smem_to_gmem(0)  # shared memory ends with the block

    def memory(count: int, dtype: Any) -> Any:
        return plgpu.SMEM((count, ROWS, tile.units), dtype)

    pl.run_scoped(
        scope,
        [memory(one.blocks, one.array.dtype) for one in operands],
        [memory(one.blocks * one.planes, one.dtype) for one in results],
        plgpu.Barrier(num_arrivals=sum(one.blocks for one in operands)),
    )


def _multiply(
    product: Product, rows: int, tile: Tile, i: Any, j: Any, a: Any, w: Any
) -> list[Array]:
    """Return the product's tile of each gate, in float32."""
    from jax.experimental import pallas as pl
    from jax.experimental.pallas import mosaic_gpu as plgpu

    pieces, width = product.pieces, product.gates * tile.units
    depth = product.a.shape[1]
    rows_of = [pl.ds(n * rows + i * ROWS, ROWS) for n in range(pieces)]
    depth_of = [pl.ds(n * depth, depth) for n in range(pieces)]
    left = [a.at[piece, :] for piece in rows_of]
    right = [w.at[piece, pl.ds(j * width, width)] for piece in depth_of]

    def add(_: Any, *tiles: Any, acc: Any) -> None:
        a_tiles, w_tiles = tiles[:pieces], tiles[pieces:]
        # The smallest products first: a float32 sum keeps more of them so.
        for order in reversed(range(pieces)):
            for n in range(order + 1):
                plgpu.wgmma(acc, a_tiles[n], w_tiles[order - n])
        plgpu.wgmma_wait(0)  # the pipeline will overwrite these tiles

    def scope(acc: Any) -> Array:
        plgpu.emit_pipeline(
            partial(add, acc=acc),
            grid=(depth // tile.depth,),
            in_specs=[
                *[plgpu.BlockSpec((ROWS, tile.depth), lambda k: (0, k))] * pieces,
                *[plgpu.BlockSpec((tile.depth, width), lambda k: (k, 0))] * pieces,
            ],
            max_concurrent_steps=min(tile.stages, depth // tile.depth),
        )(*left, *right)
        return acc[...]

    total = pl.run_scoped(scope, plgpu.ACC((ROWS, width), jnp.float32))
    return [
        lax.slice(total, (0, n * tile.units), (ROWS, (n + 1) * tile.units))
        for n in range(product.gates)
    ]
