"""Parity with the minimal gated units of Flax: a step's output and its gradients."""

import flax.linen as linen
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm import MGUCell
from tests.zoo import assert_close, random_like


def as_linen(params):
    """Name our parameters as Flax does."""
    named = {
        "if": {"kernel": params.w_ih[:, 0], "bias": params.b[0]},
        "in": {"kernel": params.w_ih[:, 1], "bias": params.b[1]},
        "hf": {"kernel": params.w_hh[:, 0]},
        "hn": {"kernel": params.w_hh[:, 1]},
    }
    if params.b_hn is not None:
        named["hn"]["bias"] = params.b_hn
    return {"params": named}


@pytest.mark.parametrize("reset", ["after", "none"])
def test_we_agree_with_linen(reset):
    ours = MGUCell(3, reset=reset, update="keep")
    theirs = linen.MGUCell(3, reset_gate=reset == "after")
    rng = np.random.default_rng(0)
    shapes = jax.eval_shape(lambda: ours.init(jax.random.key(0), 2))
    params = random_like(shapes, rng)
    carry = random_like(jax.eval_shape(lambda: ours.init_carry((4,))), rng)
    x = jnp.asarray(rng.standard_normal((4, 2)))

    def our_step(params, carry, x):
        new, _ = ours.step(params, carry, ours.project(params, x))
        return jnp.sum(jnp.sin(new.h)), new.h

    def their_step(params, carry, x):
        h, _ = theirs.apply(as_linen(params), carry.h, x)
        return jnp.sum(jnp.sin(h)), h

    results = (
        jax.jit(jax.value_and_grad(one, (0, 1, 2), has_aux=True))(params, carry, x)
        for one in (our_step, their_step)
    )
    assert_close(*results)
