"""The cudnn backend computes what the scan computes; on a CPU by cuDNN's stand-in."""

import re
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P

import jlstm
from jlstm import Bidirectional, LSTMCell, Recurrent, Stack
from tests.backends.cudnn_on_cpu import runs_anywhere  # noqa: F401, it is a fixture
from tests.backends.native.samples import assert_close, numbers, random_like

STEPS, HIDDEN, INPUTS = 5, 3, 2
LENGTHS = jnp.array([STEPS, 0, 2, 1])
BATCH = LENGTHS.shape

pytestmark = pytest.mark.usefixtures("runs_anywhere")


@pytest.fixture(autouse=True)
def exact():
    """Without TF32, on both sides."""
    with jax.default_matmul_precision("highest"):
        yield


def draw(layer, batch=BATCH, seed=0):
    """Return parameters, inputs and carry, all of them random and not zero."""
    rng = np.random.default_rng(seed)
    params = jax.eval_shape(lambda: layer.init(jax.random.key(0), INPUTS))
    carry = jax.eval_shape(lambda: layer.init_carry(batch))
    params, carry = (random_like(tree, rng) for tree in (params, carry))
    return params, numbers(rng, (STEPS, *batch, INPUTS)), carry


@partial(jax.jit, static_argnums=0)
def measure(layer, point, **steering):
    """Return the outputs, and the gradients of a loss that reads all of them."""

    def loss(point):
        params, xs, carry = point
        out = layer.apply(params, xs, carry, **steering)
        leaves = jax.tree.leaves(random_like(out, np.random.default_rng(1)))
        pairs = zip(leaves, jax.tree.leaves(out), strict=True)
        return sum(jnp.vdot(a, b) for a, b in pairs), out

    grads, out = jax.grad(loss, has_aux=True)(point)
    return out, grads


def assert_same(layer_of, point=None, **steering):
    ours, wanted = (layer_of(backend) for backend in ("cudnn", "scan"))
    point = draw(ours) if point is None else point
    found = measure(ours, point, **steering)
    assert_close(found, measure(wanted, point, **steering))
    return found


def recurrent(backend, reverse=False, **options):
    return Recurrent(LSTMCell(HIDDEN, **options), reverse, backend)


@pytest.mark.parametrize("reverse", [False, True])
def test_lengths_with_zero(reverse):
    layer_of = partial(recurrent, reverse=reverse)
    (carry, ys), _ = assert_same(layer_of, lengths=LENGTHS)
    _, _, start = draw(layer_of("scan"))
    for last, first in zip(carry, start, strict=True):
        assert (last[1] == first[1]).all()
    assert not ys[:, 1].any()
    assert ys[0, 0].all()


def test_any_mask():
    mask = jnp.asarray(np.random.default_rng(2).random((STEPS, *BATCH)) < 0.5)
    mask = mask.at[:, 1].set(False)
    assert_same(partial(recurrent, reverse=True), mask=mask, lengths=LENGTHS)


def test_without_batch_lengths_or_bias():
    layer_of = partial(recurrent, use_bias=False)
    assert_same(layer_of, draw(layer_of("scan"), ()))


@pytest.mark.slow
def test_batch_axes():
    batch = (2, 3)
    lengths = jnp.arange(6).reshape(batch)
    assert_same(recurrent, draw(recurrent("scan"), batch), lengths=lengths)


def test_nothing_to_do():
    params, xs, carry = draw(recurrent("scan"))
    none = jax.tree.map(lambda leaf: leaf[:0], carry)
    for point in ((params, xs[:0], carry), (params, xs[:, :0], none)):
        assert_same(recurrent, point)


def test_padding_is_not_seen():
    layer = recurrent("cudnn")
    params, xs, carry = draw(layer)
    live = jlstm.masking.steps_within(LENGTHS, STEPS)
    broken = jnp.where(live[..., None], xs, jnp.nan)
    found = measure(layer, (params, broken, carry), lengths=LENGTHS)
    assert_close(found, measure(layer, (params, xs, carry), lengths=LENGTHS))


def test_a_stack_with_both_directions():
    def stack(backend):
        both = Bidirectional(LSTMCell(HIDDEN), backend=backend)
        return Stack((both, recurrent(backend)))

    assert_same(stack, lengths=LENGTHS)


@pytest.mark.slow
def test_in_chunks():
    point = draw(recurrent("scan"))
    chunked = Recurrent(LSTMCell(HIDDEN), True, "cudnn", checkpoint=2)
    wanted = measure(recurrent("scan", reverse=True), point, lengths=LENGTHS)
    assert_close(measure(chunked, point, lengths=LENGTHS), wanted)


def one_row(params, xs, carry, backend="cudnn"):
    """Return a loss of one row."""
    layer = recurrent(backend)
    last, ys = layer.apply(params, xs, carry, lengths=jnp.array(3))
    return jnp.square(ys).sum() + jnp.square(last.c).sum()


@pytest.mark.slow
@pytest.mark.parametrize("models", [None, 0], ids=["one model", "a model each"])
def test_vmap_of_gradients(models):
    params, xs, carry = draw(recurrent("scan"), (2,))
    if models == 0:
        params = jax.tree.map(lambda leaf: jnp.stack([leaf, -leaf]), params)

    def gradients(backend):
        grads = jax.grad(partial(one_row, backend=backend), argnums=(0, 1, 2))
        return jax.jit(jax.vmap(grads, (models, 1, 0)))(params, xs, carry)

    assert_close(gradients("cudnn"), gradients("scan"))


@pytest.mark.slow
def test_under_shard_map():
    """Each device runs its rows; gradients of the weights are summed over devices."""
    if len(jax.devices()) < 2:
        pytest.skip("there is one device only")
    mesh = jax.make_mesh(
        (2,),
        ("rows",),
        axis_types=(jax.sharding.AxisType.Auto,),
        devices=jax.devices()[:2],
    )
    specs = (P(), P(None, "rows"), P("rows"))
    spread = jax.shard_map(
        recurrent("cudnn").apply, mesh=mesh, in_specs=specs, out_specs=specs[:0:-1]
    )

    def gradients(apply):
        def loss(point):
            carry, ys = apply(*point)
            return jnp.square(ys).sum() + jnp.square(carry.c).sum()

        return jax.jit(jax.value_and_grad(loss))(draw(recurrent("scan")))

    assert_close(gradients(spread), gradients(recurrent("scan").apply))


def test_other_modes_of_differentiation_are_errors():
    point = draw(recurrent("cudnn"), ())
    with pytest.raises(TypeError, match="forward-mode"):
        jax.jit(partial(jax.jvp, one_row))(point, point)
    with pytest.raises(
        NotImplementedError, match=r"as jax\.jacrev does: cuDNN's first"
    ):
        jax.eval_shape(jax.jacrev(recurrent("cudnn").apply, argnums=1), *point)


REFUSED = [
    (jlstm.GRUCell(3), "JAX calls cuDNN for LSTMCell, not for GRUCell"),
    (LSTMCell(3, num_heads=3), "cuDNN's LSTM has num_heads=1, not 3"),
    (LSTMCell(3, cell_clip=2.0), "cuDNN's LSTM has cell_clip=None, not 2.0"),
    (
        LSTMCell(3, activation="relu"),
        "cuDNN's LSTM has activation='tanh', not 'relu'",
    ),
]


@pytest.mark.parametrize(("cell", "reason"), REFUSED)
def test_another_cell_is_refused(cell, reason):
    wanted = f'The cudnn backend cannot run {cell!r}: {reason}. Use backend="scan".'
    with pytest.raises(ValueError, match=f"^{re.escape(wanted)}$"):
        jlstm.explain(cell, "cudnn")


def test_another_dtype_or_a_reset_is_refused():
    params, xs, carry = draw(recurrent("cudnn"))
    run = partial(jlstm.unroll, LSTMCell(HIDDEN), params, backend="cudnn")
    with pytest.raises(ValueError, match="calls cuDNN in float32, not in bfloat16"):
        run(xs.astype(jnp.bfloat16))
    with pytest.raises(ValueError, match="afresh within a sequence, and resets are"):
        run(xs, carry, resets=jnp.ones((STEPS, *BATCH), bool))


def test_without_a_gpu_it_says_so(monkeypatch):
    monkeypatch.undo()
    if jax.default_backend() == "gpu":
        pytest.skip("there is a GPU")
    with pytest.raises(
        ValueError, match="cuDNN needs an NVIDIA GPU, and the program is for cpu"
    ):
        jlstm.explain(LSTMCell(3), "cudnn")
