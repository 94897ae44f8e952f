"""The softmax likelihood by the kernel is that of the formula, with all derivatives."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm.losses import linear_nll, token_nll
from tests.backends.native.samples import assert_close, needs_kernel, numbers
from tests.quick import quick

SIZES = [(7, 3, 5), (50, 70, 1100)]


class Point(NamedTuple):
    """What the likelihood is differentiated with respect to."""

    hs: Any
    weight: Any
    bias: Any


def draw(rows, features, classes, tied=False, bias=True):
    rng = np.random.default_rng(0)
    shape = (classes, features) if tied else (features, classes)
    point = Point(
        numbers(rng, (rows, features)),
        features**-0.5 * numbers(rng, shape),
        numbers(rng, (classes,)) if bias else None,
    )
    targets = jnp.asarray(rng.integers(0, classes, rows), jnp.int32)
    return point, targets, numbers(rng, (rows,))


def loss(targets, weights, tied, backend, point):
    return jnp.vdot(weights, linear_nll(*point, targets, tied=tied, backend=backend))


def both(function):
    """Compute something by the kernel and by the formula."""
    return (jax.jit(partial(function, name))() for name in ("native", "xla"))


@needs_kernel
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize("tied", [False, True], ids=["own weight", "tied"])
@pytest.mark.parametrize("sizes", quick(SIZES[::-1]), ids=str)
def test_values_and_gradients(sizes, tied, bias):
    point, targets, weights = draw(*sizes, tied, bias)
    ours, wanted = both(
        lambda name: jax.value_and_grad(partial(loss, targets, weights, tied, name))(
            point
        )
    )
    assert_close(ours, wanted)
    ours, wanted = both(lambda name: linear_nll(*point, targets, tied=tied))
    assert_close(ours, wanted)


@needs_kernel
def test_derivatives_of_second_order_and_forward_mode():
    point, targets, weights = draw(7, 3, 20)
    along = jax.tree.map(jnp.cos, point)

    def derivatives(name):
        value = partial(loss, targets, weights, False, name)
        slope = jax.jvp(value, (point,), (along,))[1]
        return slope, jax.jvp(jax.grad(value), (point,), (along,))[1]

    ours, wanted = both(derivatives)
    assert_close(ours, wanted)


@needs_kernel
@pytest.mark.parametrize("axes", [Point(0, None, None), Point(None, 1, 0)], ids=str)
def test_vmap(axes):
    """Over the data, and over several models."""
    point, targets, weights = draw(7, 3, 20)
    grown = Point(*(
        leaf if at is None else jnp.stack([leaf, 0.5 * leaf, -leaf], at)
        for leaf, at in zip(point, axes, strict=True)
    ))  # fmt: skip

    def mapped(name):
        value = jax.value_and_grad(partial(loss, targets, weights, False, name))
        return jax.vmap(value, in_axes=(axes,))(grown)

    ours, wanted = both(mapped)
    assert_close(ours, wanted)


@needs_kernel
def test_odd_targets_and_numbers_that_are_not_finite():
    """A target that is no class has no likelihood."""
    point, _, _ = draw(4, 3, 20)
    targets = jnp.array([-1, 20, 3, 0], jnp.int32)
    bias = point.bias.at[5].set(-jnp.inf)
    hs = point.hs.at[2].set(jnp.nan)
    ours, wanted = both(
        lambda name: linear_nll(hs, point.weight, bias, targets, backend=name)
    )
    np.testing.assert_array_equal(jnp.isnan(ours), [True, True, True, False])
    np.testing.assert_array_equal(jnp.isnan(ours), jnp.isnan(wanted))
    assert_close(ours[3], wanted[3])


@needs_kernel
@pytest.mark.parametrize("tied", [False, True], ids=["own weight", "tied"])
def test_no_targets_have_no_gradient(tied):
    point, targets, weights = draw(0, 3, 20, tied)
    grads = jax.grad(partial(loss, targets, weights, tied, "native"))(point)
    assert grads.hs.shape == (0, 3)
    assert not grads.weight.any()
    assert not grads.bias.any()


@needs_kernel
def test_the_same_bits_every_time():
    """Whichever thread takes which part."""
    point, targets, weights = draw(300, 40, 5000)
    gradient = jax.jit(jax.grad(partial(loss, targets, weights, False, "native")))
    first = gradient(point)
    for _ in range(20):
        again = gradient(point)
        assert all((a == b).all() for a, b in zip(first, again, strict=True))


def test_what_runs_is_what_is_asked_for():
    point, targets, _ = draw(64, 3, 20)

    def made(rows, **options):
        hs, targets_of = point.hs[:rows], targets[:rows]
        run = partial(linear_nll, targets=targets_of, **options)
        return str(jax.make_jaxpr(run)(hs, point.weight, point.bias))

    assert "jlstm_routine" not in made(64, backend="xla")
    assert "jlstm_routine" not in made(63)
    wanted = token_nll(point.hs @ point.weight + point.bias[None], targets)
    assert_close(linear_nll(*point, targets), wanted)


@pytest.mark.usefixtures("unchecked")  # the messages are for those without it
@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({}, {"backend": "cuda"}, "backend is 'cuda'; choose auto, xla or native"),
        ({"hs": jnp.ones((7, 4), jnp.float32)}, {}, "The input has 4 features"),
        (
            {"hs": jnp.ones((7, 3), jnp.bfloat16)},
            {"backend": "native"},
            "the native backend cannot run: the kernel computes in float32, not in "
            'bfloat16. Use backend="xla"',
        ),
    ],
    ids=["backend", "sizes", "dtype"],
)
def test_bad_input_is_named(change, options, message):
    point, targets, _ = draw(7, 3, 20)
    with pytest.raises(ValueError, match=message):
        linear_nll(*point._replace(**change), targets, **options)
