"""Class weights and label smoothing are those of PyTorch, written out in numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm.losses import class_nll, token_nll

RNG = np.random.default_rng(0)
LOGITS, TARGETS = RNG.normal(size=(3, 2, 5)), RNG.integers(0, 5, (3, 2))
WEIGHTS = np.array([0.5, 2.0, 1.0, 0.0, 4.0])


def written_out(weights, smoothing):
    """The target is one class with most of the weight, and all with the rest."""
    p = np.exp(LOGITS) / np.exp(LOGITS).sum(-1, keepdims=True)
    share = (1 - smoothing) * np.eye(5)[TARGETS] + smoothing / 5
    return -(share * weights * np.log(p)).sum(-1)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_the_loss_is_the_cross_entropy_with_a_softened_label(weights, smoothing):
    given = None if weights is None else jnp.asarray(weights)
    loss, own = class_nll(jnp.asarray(LOGITS), jnp.asarray(TARGETS), given, smoothing)
    weights = np.ones(5) if weights is None else weights
    np.testing.assert_allclose(own, weights[TARGETS])
    np.testing.assert_allclose(loss, written_out(weights, smoothing), rtol=1e-10)


def test_against_torch():
    """Recorded from torch 2.13: cross_entropy(weight, label_smoothing=0.1)."""
    logits = jnp.array([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]])
    loss, own = class_nll(
        logits, jnp.array([0, 2]), jnp.array([1.0, 2.0, 0.5]), smoothing=0.1
    )
    np.testing.assert_allclose(loss.sum() / own.sum(), 1.2229616506481915, rtol=1e-6)


def test_without_either_it_is_the_loss_of_tokens():
    loss, own = class_nll(jnp.asarray(LOGITS), jnp.asarray(TARGETS))
    assert np.array_equal(loss, token_nll(jnp.asarray(LOGITS), jnp.asarray(TARGETS)))
    assert np.array_equal(own, np.ones((3, 2)))
    grads = jax.grad(lambda z: class_nll(z, jnp.asarray(TARGETS), None, 0.1)[0].sum())
    assert np.allclose(grads(jnp.asarray(LOGITS)).sum(-1), 0, atol=1e-12)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"smoothing": 1.0}, r"smoothing is 1.0; give a share in \[0, 1\)."),
        ({"weights": jnp.ones(4)}, "weights have shape (4,); give one for each of 5"),
    ],
)
def test_what_does_not_go_together_is_refused(options, message):
    with pytest.raises(ValueError) as caught:
        class_nll(jnp.asarray(LOGITS), jnp.asarray(TARGETS), **options)
    assert message.replace("\\", "") in str(caught.value)
