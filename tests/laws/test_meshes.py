"""Law: on a mesh of any kind a sequence gives what it gives on one device.

A case is a kind of mesh, what is run (a cell under a backend, a layer, a module of
Flax, the likelihood), and what goes with the sequence. Value and gradients are compared
with those on one device, which is the scan's; eight devices are simulated.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

import jlstm
import jlstm._backends.native
import jlstm.linen
import jlstm.nnx
from jlstm.losses import linear_nll
from tests.quick import quick

pytestmark = pytest.mark.filterwarnings("ignore:.*donated.*")
STEPS, ROWS, SIZE = 4, 8, 4


class Given(NamedTuple):
    """What a sequence is run on; None is not given."""

    params: Any
    xs: Any
    carry: Any = None
    lengths: Any = None
    mask: Any = None
    resets: Any = None


class Face(NamedTuple):
    """Something to run: how to make its parameters and its outputs."""

    params: Callable
    run: Callable
    carry: Callable | None = None
    space: tuple[int, ...] = ()


def noise(seed):
    return None if seed is None else jax.random.key(seed)


def cell(made, backend="scan", seed=None, **options):
    def run(given):
        params, xs, carry, *rest = given
        flags = dict(zip(("lengths", "mask", "resets"), rest, strict=True))
        return jlstm.unroll(
            made,
            params,
            xs,
            carry,
            backend=backend,
            key=noise(seed),
            **flags,
            **options,
        )

    space = made.input_shape if made.num_feature_axes > 1 else ()

    def init():
        return made.init(jax.random.key(0), SIZE)

    return Face(init, run, partial(made.init_carry, (ROWS,)), space)


def layer(made, seed=None):
    def run(given):
        params, xs, carry, *rest = given
        flags = dict(zip(("lengths", "mask", "resets"), rest, strict=True))
        return made.apply(params, xs, carry, key=noise(seed), **flags)

    def init():
        return made.init(jax.random.key(0), SIZE)

    return Face(init, run, partial(made.init_carry, (ROWS,)))


def traced(made):
    def run(given):
        params, xs, carry, *rest = given
        flags = dict(zip(("lengths", "mask", "resets"), rest, strict=True))
        return jlstm.trace(made, params, xs, carry, **flags)

    return cell(made)._replace(run=run)


def in_nnx():
    model = jlstm.nnx.LSTM(
        SIZE, SIZE, 2, bidirectional=True, rngs=nnx.Rngs(0), time_major=True
    )

    def run(given):
        params, xs, carry, *rest = given
        flags = dict(zip(("lengths", "mask", "resets"), rest, strict=True))
        return model.with_params(params)(xs, carry, **flags)

    return Face(model.pure_params, run, partial(model.layer.init_carry, (ROWS,)))


def in_linen():
    model = jlstm.linen.GRU(SIZE, time_major=True)

    def init():
        return model.init(jax.random.key(0), jnp.ones((STEPS, ROWS, SIZE), "float32"))

    def run(given):
        params, xs, carry, *rest = given
        flags = dict(zip(("lengths", "mask", "resets"), rest, strict=True))
        return model.apply(params, xs, carry, **flags)

    return Face(init, run, partial(model.init_carry, (ROWS,)))


def likelihood(backend, tied):
    def init():
        shape = (16, SIZE) if tied else (SIZE, 16)
        return jax.random.normal(jax.random.key(0), shape, "float32")

    def run(given):
        targets = jnp.arange(STEPS * ROWS).reshape(STEPS, ROWS) % 16
        # A carry goes with every other face; here it is nothing.
        return (), linear_nll(
            given.xs, given.params, None, targets, tied=tied, backend=backend
        )

    return Face(init, run)


LSTM, GRU = jlstm.LSTMCell(SIZE), jlstm.GRUCell(SIZE)
FACES = {
    "lstm_scan": cell(LSTM),
    "lstm_fused": cell(LSTM, "fused"),
    "lstm_native": cell(LSTM, "native"),
    "gru_native": cell(GRU, "native"),
    "mingru_parallel": cell(jlstm.MinGRUCell(SIZE), "parallel"),
    "nnx": in_nnx(),
    "linen": in_linen(),
    "bidirectional": layer(jlstm.Bidirectional(GRU)),
    "stack": layer(
        jlstm.Stack((jlstm.Recurrent(LSTM),) * 2, dropout=0.5, connect="highway"), 7
    ),
    "trace": traced(LSTM),
    "nll": likelihood("auto", True),
    "nll_native": likelihood("native", False),
    "lstm_auto": cell(LSTM, "auto"),
    "gru_fused": cell(GRU, "fused"),
    "gru_scan": cell(GRU),
    "gru_reverse": cell(GRU, "auto", reverse=True),
    "lstm_checkpoint": cell(LSTM, "scan", checkpoint="sqrt"),
    "native_checkpoint": cell(LSTM, "native", checkpoint=3),
    "slstm_fused": cell(jlstm.SLSTMCell(SIZE, num_heads=2), "fused"),
    "layer_norm": cell(jlstm.LayerNormLSTMCell(SIZE), "auto"),
    "lru_parallel": cell(jlstm.LRUCell(SIZE), "parallel"),
    "mlstm_parallel": cell(jlstm.MLSTMCell(SIZE, 2), "parallel"),
    "qrnn_auto": cell(jlstm.QRNNCell(SIZE), "auto"),
    "conv": cell(jlstm.ConvLSTMCell(SIZE, (3,)), "auto"),
    "projected": cell(jlstm.ProjectedLSTMCell(8, SIZE), "auto"),
    "zoneout": cell(jlstm.Zoneout(LSTM, 0.5, 0.5), "auto", 7),
    "dropout": cell(jlstm.RecurrentDropout(LSTM, 0.5), "auto", 7),
    "learned": cell(jlstm.LearnedCarry(LSTM), "auto"),
}


def draw(face, full):
    rng = np.random.default_rng(0)

    def random(leaf):
        return jnp.asarray(0.5 * rng.standard_normal(leaf.shape), jnp.float32)

    shape = (STEPS, ROWS, *face.space, SIZE)
    given = Given(face.params(), random(np.empty(shape)))
    if not full or face.carry is None:
        return given
    return given._replace(
        carry=jax.tree.map(random, face.carry()),
        lengths=jnp.asarray(rng.integers(0, STEPS + 1, ROWS)),
        mask=jnp.asarray(rng.random((STEPS, ROWS)) < 0.8),
        resets=jnp.asarray(rng.random((STEPS, ROWS)) < 0.3),
    )


def measure(run, given):
    """Return outputs, and gradients of the numbers among what is given."""

    def scored(params, xs, carry):
        out = run(given._replace(params=params, xs=xs, carry=carry))
        leaves = jax.tree.leaves(out)
        return sum((leaf.astype("float32") ** 2).sum() for leaf in leaves), out

    moved = given.params, given.xs, given.carry
    with jax.numpy_dtype_promotion("standard"):
        grads, out = jax.grad(scored, argnums=(0, 1, 2), has_aux=True)(*moved)
    return out, grads


# -- the kinds of mesh


def spread(given, mesh, rows, units=None):
    """Put the rows on one axis of a mesh, the units of the weights on another."""

    def put(spec, tree):
        return jax.tree.map(
            lambda leaf: jax.device_put(leaf, NamedSharding(mesh, spec)), tree
        )

    def split(leaf):
        fits = leaf.ndim and units and leaf.shape[-1] % mesh.shape[units] == 0
        return put(P(*[None] * (leaf.ndim - 1), units) if fits else P(), leaf)

    flags, carries = P(None, rows), P(rows)
    specs = (None, flags, carries, carries, flags, flags)
    placed = [put(spec, tree) for spec, tree in zip(specs[1:], given[1:], strict=True)]
    return Given(jax.tree.map(split, given.params), *placed)


def make_mesh(kind, shape=(8,), names=("d",)):
    return jax.make_mesh(shape, names, axis_types=(kind,) * len(names))


def by_type(kind, shape=(8,), names=("d",), rows="d", units=None):
    """Let jit split the computation, the mesh in the context or in the types alone."""

    def run(face, given, context=True):
        mesh = make_mesh(kind, shape, names)
        placed = spread(given, mesh, rows, units)
        jitted = jax.jit(partial(measure, face.run))
        if not context:
            return jitted(placed)
        with jax.set_mesh(mesh):
            return jitted(placed)

    return run


def by_shard_map(shape=(8,), names=("d",), manual=("d",), kind=AxisType.Auto):
    def run(face, given):
        mesh = make_mesh(kind, shape, names)
        flags, carries = P(None, "d"), P("d")
        specs = (P(), flags, carries, carries, flags, flags)
        placed = jax.tree.map(lambda part: part, given)
        if kind == AxisType.Explicit:
            placed = spread(given, mesh, "d")
        mapped = jax.shard_map(
            face.run, mesh=mesh, in_specs=(Given(*specs),),
            out_specs=(carries, flags), axis_names=set(manual),
        )  # fmt: skip
        with jax.set_mesh(mesh):
            return jax.jit(partial(measure, mapped))(placed)

    return run


def by_pmap(face, given):
    """Give each device one row, which has no axis of batch there."""
    axes = Given(None, 1, 0, 0, 1, 1)
    mapped = jax.pmap(face.run, in_axes=(axes,), out_axes=(0, 1))
    return measure(mapped, given)


GRID = {"shape": (4, 2), "names": ("d", "m")}
MESHES = {
    "explicit": by_type(AxisType.Explicit),
    "explicit_types_only": partial(by_type(AxisType.Explicit), context=False),
    "explicit_weights": by_type(AxisType.Explicit, **GRID, units="m"),
    "manual": by_shard_map(),
    "manual_in_part": by_shard_map(**GRID),
    "auto": by_type(AxisType.Auto),
    "auto_weights": by_type(AxisType.Auto, **GRID, units="m"),
    "explicit_weights_only": by_type(AxisType.Explicit, rows=None, units="d"),
    "explicit_rows_and_weights": by_type(AxisType.Explicit, units="d"),
    "explicit_two_axes": by_type(AxisType.Explicit, **GRID, rows=("d", "m")),
    "manual_of_explicit": by_shard_map(kind=AxisType.Explicit),
    "manual_pmap": by_pmap,
}
NOISY = {"stack", "zoneout", "dropout"}
BY_DEVICE = {name for name in MESHES if name.startswith("manual")}


def _cases():
    """Every mesh with every face; noise is drawn per device in a manual mesh."""
    for name in FACES:
        for mesh in MESHES:
            if not (mesh in BY_DEVICE and (name in NOISY or name.startswith("nll"))):
                yield mesh, name, len(name) % 2 == 0
                yield mesh, name, len(name) % 2 == 1


CASES = [*_cases()]
SAMPLE = [
    ("explicit", "lstm_scan", False),
    ("explicit", "lstm_fused", True),
    ("explicit", "lstm_native", True),
    ("explicit", "mingru_parallel", True),
    ("explicit", "stack", True),
    ("explicit_types_only", "trace", False),
    ("explicit_weights", "nnx", False),
    ("explicit_weights", "lstm_scan", True),
    ("explicit", "nll", False),
    ("manual", "linen", True),
    ("manual_in_part", "gru_native", True),
    ("auto_weights", "bidirectional", True),
    ("manual_pmap", "lstm_native", True),
]


def ids(case):
    return "-".join([*case[:2], "given" if case[2] else "fresh"])


@pytest.mark.long
@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    "case",
    quick([*SAMPLE, *(case for case in CASES if case not in SAMPLE)], len(SAMPLE)),
    ids=lambda case: ids(case),
)
def test_a_mesh_is_one_device(case):
    mesh, name, full = case
    face = FACES[name]
    if "native" in name and jlstm._backends.native.unavailable(LSTM):
        pytest.skip(jlstm._backends.native.unavailable(LSTM))
    given = draw(face, full)
    wanted = jax.jit(partial(measure, face.run))(given)
    ours = MESHES[mesh](face, given)
    chex.assert_trees_all_close(ours, wanted, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("backend", ["auto", "native"])
@pytest.mark.parametrize("described", [False, True], ids=["array", "type"])
def test_explain_says_where_the_formula_takes_the_place_of_the_kernel(
    backend, described
):
    """And the program of ``jax.jit`` has the kernel's call, or has not, as it says."""
    if jlstm._backends.native.unavailable(LSTM):
        pytest.skip(jlstm._backends.native.unavailable(LSTM))
    params = LSTM.init(jax.random.key(0), SIZE)
    xs = np.ones((16, 8, SIZE), np.float32)
    said = "XLA splits the rows over 8 devices"
    for kind, formula in [(None, False), (AxisType.Auto, True), (AxisType.Explicit, 0)]:
        place = kind and NamedSharding(make_mesh(kind), P(None, "d"))
        array = jax.device_put(xs, place)
        typed = jax.ShapeDtypeStruct(xs.shape, xs.dtype, sharding=place)
        choice = jlstm.explain(LSTM, backend, typed if described else array)
        by_formula = "native" if backend == "native" else "fused"
        assert choice.backend == (by_formula if formula else "native")
        assert (said in choice.reason) == formula
        run = jax.jit(partial(jlstm.unroll, LSTM, backend=backend))
        assert ("jlstm" in run.lower(params, array).as_text()) != formula


def test_explain_reads_the_mesh_in_the_context():
    seen = []

    @jax.jit
    def look(xs):
        seen.append(jlstm.explain(LSTM, "native", xs).reason)

    for kind in (AxisType.Auto, AxisType.Explicit):
        with jax.set_mesh(make_mesh(kind)):
            look(jnp.ones((16, 8, SIZE), jnp.float32))
    look(jnp.ones((16, 8, SIZE), jnp.float32))
    assert ["over 8 devices" in reason for reason in seen] == [True, False, False]
