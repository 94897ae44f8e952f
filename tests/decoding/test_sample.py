"""Sampling keeps to what it says, and generation is one loop with a fixed outcome."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm.decoding.sample import PLAIN, Sampling, generate, restrict, sample

LOGITS = jnp.log(jnp.array([0.5, 0.25, 0.15, 0.1]))


def kept(sampling):
    return np.isfinite(np.asarray(restrict(LOGITS, sampling))).tolist()


@pytest.mark.parametrize(
    ("sampling", "expected"),
    [
        (Sampling(top_k=1), [True, False, False, False]),
        (Sampling(top_k=99), [True] * 4),
        (Sampling(top_p=0.5), [True, False, False, False]),
        (Sampling(top_p=0.51), [True, True, False, False]),
        (Sampling(top_p=0.89), [True, True, True, False]),
        (Sampling(top_p=1.0), [True] * 4),
        (Sampling(top_k=3, top_p=0.8), [True, True, False, False]),
    ],
)
def test_top_k_and_top_p_keep_the_most_likely(sampling, expected):
    assert kept(sampling) == expected


def test_top_k_renormalises_before_top_p():
    # Among the three kept, 0.5/0.9 and 0.25/0.9 sum to 0.833: enough for 0.8.
    assert kept(Sampling(top_k=3, top_p=0.84)) == [True, True, True, False]


@pytest.mark.long
def test_top_p_is_per_row_and_in_any_order():
    rows = jnp.log(jnp.array([[0.1, 0.9], [0.6, 0.4]]))
    out = np.isfinite(np.asarray(restrict(rows, Sampling(top_p=0.6))))
    assert out.tolist() == [[False, True], [True, False]]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_frequencies_are_those_of_the_tempered_softmax(temperature):
    rows = jnp.broadcast_to(LOGITS, (20_000, 4))
    drawn = sample(rows, jax.random.key(3), Sampling(temperature))
    seen = np.bincount(np.asarray(drawn), minlength=4) / 20_000
    wanted = jax.nn.softmax(LOGITS / temperature)
    assert np.allclose(seen, wanted, atol=0.012)  # 3 standard errors


def test_zero_temperature_takes_the_most_likely():
    rows = jnp.stack([LOGITS, LOGITS[::-1]])
    assert sample(rows, jax.random.key(0), Sampling(0.0)).tolist() == [0, 3]


@pytest.mark.parametrize(
    ("sampling", "message"),
    [
        (Sampling(-1.0), "temperature is -1.0; give 0 or more."),
        (Sampling(top_k=0), "top_k is 0; give 1 or more, or None."),
        (Sampling(top_p=1.5), "top_p is 1.5; give a share in (0, 1], or None."),
    ],
)
def test_out_of_range_is_refused(sampling, message):
    with pytest.raises(ValueError) as caught:
        sample(LOGITS, jax.random.key(0), sampling)
    assert str(caught.value) == message


def walk(carry, token):
    """The carry counts; the next token is token + 1, modulo 4, most of the time."""
    logits = 6.0 * jax.nn.one_hot((token + 1) % 4, 4, dtype=LOGITS.dtype)
    return carry + 1, logits


@pytest.mark.parametrize("length", [1, 2, 7])
def test_generate_equals_a_python_loop(length):
    first, rest = jax.random.split(jax.random.key(5))
    keys = [first, *jax.random.split(rest, length - 1)]
    carry, expected = jnp.zeros((), jnp.int32), []
    logits = LOGITS
    for n in range(length):
        if n:
            carry, logits = walk(carry, expected[-1])
        expected.append(sample(logits, keys[n], PLAIN))
    start = jnp.zeros((), jnp.int32)
    last, tokens = generate(walk, start, LOGITS, length, jax.random.key(5), PLAIN)
    assert tokens.tolist() == [int(t) for t in expected]
    assert int(last) == int(carry) == length - 1


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("temperature", [1e-320, 1e-40, 1e-30, 1e-4, 0.5, 1.0, 1e30])
@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_no_temperature_is_too_small_or_too_large(temperature, scale, dtype):
    """What overflows is impossible; the most likely token always stays possible."""
    logits = jnp.asarray([1.0, 3.0, 2.0, -jnp.inf], dtype) * jnp.asarray(scale, dtype)
    kept = np.asarray(restrict(logits, Sampling(temperature)), np.float64)
    assert not np.isnan(kept).any() and np.isfinite(kept[1]) and kept[3] == -np.inf
    assert kept[1] >= kept[2] >= kept[0]
    if temperature <= 1e-4:
        token = sample(logits, jax.random.key(0), Sampling(temperature))
        assert token.item() == 1


@pytest.mark.parametrize("sampling", [PLAIN, Sampling(0.0), Sampling(0.5, 2, 0.9)])
def test_logits_that_are_nan_are_refused_or_draw_nothing(sampling):
    broken = jnp.stack([LOGITS, LOGITS.at[2].set(jnp.nan)])
    for draw in (sample, lambda *a: generate(walk, 0, a[0], 3, *a[1:])[1]):
        with pytest.raises(ValueError, match="logits has NaN in 1 of 2 rows"):
            draw(broken, jax.random.key(0), sampling)
    drawn = jax.jit(sample, static_argnums=2)(broken, jax.random.key(0), sampling)
    assert drawn[0] >= 0 and drawn[1] == -1


def test_logits_that_become_nan_end_a_generation_by_name():
    def decays(carry, token):
        broken = (carry == 2) & (jnp.arange(2) == 1)
        return carry + 1, jnp.where(broken[:, None], jnp.nan, rows)

    rows = jnp.stack([LOGITS, LOGITS])
    run = partial(generate, decays, 0, rows, 5)
    with pytest.raises(ValueError, match="of token 3 are NaN in 1 of 2 rows"):
        run(jax.random.key(0))
    tokens = jax.jit(lambda key: run(key)[1])(jax.random.key(0))
    assert (tokens[:, 0] >= 0).all() and (tokens[:, 1] >= 0).tolist() == [
        True, True, True, False, True,
    ]  # fmt: skip
