"""The Transformer is causal, does not see padding, and is what its parts make it."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jlstm.nnx.transformer import Transformer, TransformerConfig, sinusoids

CONFIG = TransformerConfig(num_layers=1, width=8, num_heads=2, mlp_ratio=2)
XS = jax.random.normal(jax.random.key(7), (6, 3, 5), jnp.float32)
apply = jax.jit(lambda model, xs: model(xs))


@functools.cache
def make(**options):
    """A model none of whose parameters is zero, drawn in one compilation."""
    config = TransformerConfig(**vars(CONFIG) | options)

    @jax.jit
    def draw():
        model = Transformer(5, config, rngs=nnx.Rngs(0))
        return jax.tree.map(disturb, model)

    return draw()


def disturb(leaf):
    """Add something that is not the same everywhere."""
    wave = jnp.sin(jnp.arange(leaf.size, dtype=jnp.float32))
    return leaf + 0.1 * wave.reshape(leaf.shape)


def norm(x, layer):
    centered = x - x.mean(-1, keepdims=True)
    scaled = centered / np.sqrt(x.var(-1, keepdims=True) + 1e-6)
    return scaled * np.asarray(layer.scale[...]) + np.asarray(layer.bias[...])


def linear(x, layer, spec="ti,ij->tj"):
    return np.einsum(spec, x, np.asarray(layer.kernel[...])) + np.asarray(
        layer.bias[...]
    )


def block(x, layers):
    """One sequence through one block, written out."""
    mixed, each = norm(x, layers.norm_attention), layers.attention
    q, k, v = (
        linear(mixed, m, "ti,ihd->thd") for m in (each.query, each.key, each.value)
    )
    attended = np.zeros_like(q)
    for t in range(len(x)):
        for head in range(q.shape[1]):
            scores = k[: t + 1, head] @ q[t, head] / np.sqrt(q.shape[2])
            weights = np.exp(scores - scores.max())
            attended[t, head] = weights / weights.sum() @ v[: t + 1, head]
    x = x + linear(attended, each.out, "thd,hdj->tj")
    inside = np.asarray(jax.nn.gelu(linear(norm(x, layers.norm_mlp), layers.up)))
    return x + linear(inside, layers.down)


@pytest.mark.long
def test_it_is_the_sum_of_its_parts():
    model = make(num_layers=2)
    ys = apply(model, XS)
    for row in range(3):
        x = linear(np.asarray(XS)[:, row], model.project) + np.asarray(sinusoids(6, 8))
        for layers in model.blocks:
            x = block(x, layers)
        np.testing.assert_allclose(ys[:, row], norm(x, model.norm), atol=2e-5)


@pytest.mark.long
def test_no_output_sees_a_later_input_or_another_row():
    model = make()
    changed = XS.at[4:, 1].add(1.0)
    before, after = apply(model, XS), apply(model, changed)
    np.testing.assert_array_equal(before[:4], after[:4])
    np.testing.assert_array_equal(before[:, 0], after[:, 0])
    assert np.abs(before[4:, 1] - after[4:, 1]).min(-1).min() > 1e-6
    gradient = jax.jit(jax.grad(lambda xs: jnp.sum(jnp.square(model(xs)[2, 0]))))
    grads = gradient(XS)
    assert np.all(grads[3:] == 0) and np.all(grads[:, 1:] == 0)
    assert np.all(np.abs(grads[:3, 0]).max(-1) > 0)


@pytest.mark.long
def test_padding_is_not_seen():
    model = make(positions="learned", max_length=6)
    lengths = jnp.array([6, 2, 4], jnp.int32)
    poisoned = jnp.where(
        jnp.arange(6, dtype=jnp.int32)[:, None, None] < lengths[None, :, None],
        XS,
        jnp.nan,
    )

    def run(model, xs):
        ys = model(xs, lengths=lengths)
        return jnp.sum(jnp.square(ys)), ys

    (_, ys), grads = jax.jit(jax.value_and_grad(run, has_aux=True))(model, poisoned)
    full = apply(model, jnp.where(jnp.isnan(poisoned), 0.0, poisoned))
    for row, length in enumerate([6, 2, 4]):
        np.testing.assert_allclose(ys[:length, row], full[:length, row], atol=1e-5)
        assert np.all(ys[length:, row] == 0)
    assert all(np.all(np.isfinite(g)) for g in jax.tree.leaves(grads))
    assert np.all(np.abs(grads.table[...]).max(-1) > 0)


def test_positions_tell_steps_apart():
    same = jnp.ones((6, 1, 5), jnp.float32)
    ys = apply(make(positions="learned", max_length=6), same)[:, 0]
    assert np.abs(ys[1:] - ys[:-1]).max(-1).min() > 1e-3
    table = np.asarray(sinusoids(50, 6))
    assert np.allclose(table[:, 1], np.sin(np.arange(50) * 1e4 ** (-1 / 3)), atol=1e-5)
    assert np.allclose(table[:, 5], np.cos(np.arange(50) * 1e4 ** (-2 / 3)), atol=1e-5)


@pytest.mark.long
def test_dropout_needs_a_key_and_is_fixed_by_it():
    model, quiet = make(dropout=0.4), make()
    np.testing.assert_array_equal(apply(model, XS), apply(quiet, XS))
    noisy = jax.jit(lambda key: model(XS, key=key))
    first, again, other = (noisy(jax.random.key(n)) for n in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)
    assert not np.allclose(first, apply(quiet, XS))


def test_all_leaves_are_parameters():
    model = make(dropout=0.4, positions="learned", max_length=9)
    d, inside = 8, 16
    each = 4 * (d * d + d) + 2 * 2 * d + d * inside + inside + inside * d + d
    count = sum(leaf.size for leaf in jax.tree.leaves(model))
    assert count == 5 * d + d + 9 * d + each + 2 * d


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 10, "num_heads": 4}, "width is 10 and num_heads 4; give a width"),
        ({"num_layers": 0}, "num_layers is 0; give a positive integer."),
        ({"dropout": 1.0}, "dropout is 1.0"),
    ],
)
def test_impossible_sizes_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        TransformerConfig(**options)


def test_more_steps_than_learned_positions_are_refused():
    model = make(positions="learned", max_length=5)
    with pytest.raises(ValueError, match="has 6 steps and the Transformer learned"):
        model(XS)
