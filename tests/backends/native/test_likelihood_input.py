"""What the softmax likelihood takes and refuses, and targets that are no class."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm.losses import class_index, linear_nll, token_nll
from tests.backends.native.samples import assert_close, needs_kernel
from tests.backends.native.test_likelihood import draw
from tests.messages import message_of

BACKENDS = ["xla", pytest.param("native", marks=needs_kernel)]
POINT, TARGETS, _ = draw(64, 3, 20)
F32 = jnp.float32
WRONG = [
    ({"hs": [[1.0]]}, TypeError, "hs is a list; give an array"),
    ({"weight": [[1.0]]}, TypeError, "weight is a list; give an array"),
    ({"bias": 0.0}, TypeError, "bias is a float; give an array"),
    ({"targets": [0] * 64}, TypeError, "targets is a list; give an array"),
    ({"targets": None}, TypeError, "targets is a NoneType"),
    ({"hs": jnp.ones((64, 3), int)}, TypeError, "hs has dtype int64; give floating"),
    ({"weight": jnp.ones((3, 20), bool)}, TypeError, "weight has dtype bool"),
    ({"bias": jnp.ones(20, int)}, TypeError, "bias has dtype int64"),
    ({"targets": jnp.ones(64)}, TypeError, "targets has dtype float64; give integers"),
    ({"targets": jnp.ones(64, bool)}, TypeError, "targets has dtype bool"),
    ({"hs": F32(1.0)}, ValueError, "hs has shape ()"),
    (
        {"hs": jnp.ones(3, F32)},
        ValueError,
        "targets has shape (64,); hs has shape (3,)",
    ),
    ({"hs": jnp.ones((63, 3), F32)}, ValueError, "give one target for each of (63,)"),
    ({"hs": jnp.ones((64, 4), F32)}, ValueError, "has 4 features"),
    ({"hs": jnp.ones((64, 0), F32)}, ValueError, "has 0 features"),
    ({"hs": jnp.ones((2, 32, 3), F32)}, ValueError, "one target for each of (2, 32)"),
    ({"weight": jnp.ones(3, F32)}, ValueError, "a weight (h, v) of at least one"),
    ({"weight": jnp.ones((3, 4, 5), F32)}, ValueError, "a weight (h, v) of at least"),
    ({"weight": jnp.ones((3, 0), F32)}, ValueError, "at least one feature and class"),
    ({"weight": jnp.ones((0, 20), F32)}, ValueError, "at least one feature and class"),
    ({"weight": jnp.ones((20, 3), F32)}, ValueError, "the weights take 20"),
    ({"weight": jnp.ones((3, 21), F32)}, ValueError, "give a bias of shape (21,)"),
    ({"weight": jnp.ones((3, 20), F32), "tied": True}, ValueError, "weights take 20"),
    ({"bias": jnp.ones(1, F32)}, ValueError, "bias has shape (1,)"),
    ({"bias": jnp.ones(0, F32)}, ValueError, "bias has shape (0,)"),
    ({"bias": F32(0.0)}, ValueError, "bias has shape ()"),
    ({"bias": jnp.ones((1, 20), F32)}, ValueError, "bias has shape (1, 20)"),
    ({"targets": jnp.zeros(1, int)}, ValueError, "targets has shape (1,)"),
    ({"targets": jnp.zeros((), int)}, ValueError, "targets has shape ()"),
    ({"targets": jnp.zeros((64, 1), int)}, ValueError, "targets has shape (64, 1)"),
    ({"targets": jnp.zeros((8, 8), int)}, ValueError, "targets has shape (8, 8)"),
]


@pytest.mark.usefixtures("unchecked")  # the messages are for those without it
@pytest.mark.parametrize("jitted", [False, True], ids=["eager", "jit"])
@pytest.mark.parametrize("backend", ["auto", *BACKENDS])
@pytest.mark.parametrize(("change", "error", "text"), WRONG)
def test_what_does_not_fit_is_refused(change, error, text, backend, jitted):
    """Before anything is computed, also where it is only traced."""
    given = {**POINT._asdict(), "targets": TARGETS, **change}
    arrays = {k: v for k, v in given.items() if isinstance(v, jax.Array)}
    others = {k: v for k, v in given.items() if k not in arrays} | {"backend": backend}

    def call(**arrays):
        return linear_nll(**arrays, **others)

    run = jax.jit(call) if jitted else call
    assert text in message_of(error, lambda: run(**arrays))


ODD = [
    *((dtype, [0, 19, 20, 7]) for dtype in ("uint8", "int16", "uint32", "uint64")),
    *((dtype, [0, -1, -20, 19]) for dtype in ("int8", "int32", "int64")),
    *((dtype, [2**32 + 1, 3, 2**63 - 1, 20]) for dtype in ("int64", "uint64")),
    ("uint32", [2**32 - 1, 2**31 + 1, 2**31, 1]),
    ("int32", [-(2**31), 2**31 - 1, 0, 5]),
    ("int64", [-(2**32) + 1, -(2**63), 1, 2]),
]


@pytest.mark.usefixtures("unchecked")  # which know no arrays of NumPy
@pytest.mark.parametrize("kind", [np.asarray, jnp.asarray], ids=["numpy", "jax"])
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("dtype", "targets"), ODD)
def test_a_target_that_is_no_class_has_no_likelihood(dtype, targets, backend, kind):
    """NaN, whatever its dtype; its row pushes every logit down, no other row moves."""
    point, _, _ = draw(4, 3, 20)
    known = np.array([0 <= target < 20 for target in targets])
    given = kind(np.array(targets, dtype))
    safe = jnp.asarray(np.where(known, targets, 0).astype("int32"))
    of_known = token_nll(point.hs @ point.weight + point.bias[None], safe)
    wanted = np.where(known, of_known, np.nan)
    nll = linear_nll(*point, given, backend=backend)
    np.testing.assert_allclose(nll, wanted, rtol=1e-5)
    if kind is jnp.asarray:
        again = jax.jit(lambda targets: linear_nll(*point, targets, backend=backend))
        np.testing.assert_allclose(again(given), wanted, rtol=1e-5)


@needs_kernel
def test_the_gradient_of_a_target_that_is_no_class_is_the_same_on_both_backends():
    point, _, weights = draw(4, 3, 20)
    targets = jnp.array([-1, 20, 3, -20])

    def gradient(backend):
        def loss(point, targets):
            nll = linear_nll(*point, targets, backend=backend)
            return jnp.vdot(weights, nll)

        return jax.jit(jax.grad(loss))(point, targets)

    ours, wanted = gradient("native"), gradient("xla")
    assert_close(ours, wanted)
    assert all(jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(ours))


@pytest.mark.usefixtures("unchecked")
def test_arrays_of_numpy_are_taken():
    point = [np.asarray(leaf) for leaf in POINT]
    wanted = linear_nll(*POINT, TARGETS)
    assert_close(linear_nll(*point, np.asarray(TARGETS)), wanted)


def test_targets_of_numpy_do_not_wrap_where_64_bits_are_off():
    with jax.enable_x64(False):
        assert class_index(np.array([2**32 + 1, 5]), 8).tolist() == [8, 5]
