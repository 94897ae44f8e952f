"""A model of video: what it reads, what it writes, and what fits it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jlstm.tasks.video.data import Prep
from jlstm.tasks.video.model import FramePredictor, VideoConfig, frame_nats
from jlstm.training.config.stack import ImageStackConfig
from tests.quick import quick

PREP = Prep(height=8, width=4, seen=3, ahead=4, mean=0.1)
FRAMES = jax.random.uniform(jax.random.key(0), (7, 2, 8, 4), jnp.float64)
CELLS = ("ConvGRUCell", "GRUCell", "ConvLSTMCell", "LSTMCell")


def config(cell, **options):
    return VideoConfig(ImageStackConfig(cell, hidden_sizes=(3, 3), **options), patch=2)


def made(cell, **options):
    """Return a model whose parameters are drawn, its biases too."""
    model = FramePredictor(
        config(cell, **options), PREP, rngs=nnx.Rngs(0), param_dtype=jnp.float64
    )
    rng = np.random.default_rng(1)
    return jax.tree.map(lambda p: jnp.asarray(0.3 * rng.normal(size=p.shape)), model)


@pytest.mark.long
@pytest.mark.parametrize("cell", quick(CELLS, 2))
def test_told_its_own_frames_for_the_truth_it_writes_them_again(cell):
    @jax.jit
    def both(model):
        free = model(FRAMES[:3])
        told = jnp.concatenate([FRAMES[:3], jax.nn.sigmoid(free)])
        return free, model.forced(told), model.forced(FRAMES)

    free, told, true = both(made(cell))
    assert free.shape == (4, 2, 8, 4)
    np.testing.assert_allclose(free, told, rtol=1e-9)
    np.testing.assert_allclose(free[0], true[0], rtol=1e-9)
    assert not np.allclose(free[1:], true[1:])


@pytest.mark.long
def test_noise_is_drawn_with_a_key_and_the_same_in_both_ways_to_read():
    model = made("ConvGRUCell", dropout=0.5)

    @jax.jit
    def both(model, seed):
        key = jax.random.key(seed)
        free = model(FRAMES[:3], key=key)
        told = jnp.concatenate([FRAMES[:3], jax.nn.sigmoid(free)])
        return free, model.forced(told, key=key)

    with jax.debug_key_reuse(False):
        (free, told), (other, _) = both(model, 1), both(model, 2)
    np.testing.assert_allclose(free, told, rtol=1e-9)
    assert not np.allclose(free, other)


@pytest.mark.long
def test_an_image_is_read_place_by_place_and_a_vector_at_once():
    """Moved by a patch, frames are predicted moved by a patch, but by no vector."""
    prep = Prep(height=32, width=32, seen=2, ahead=1, mean=0.1)
    frames = np.zeros((2, 1, 32, 32), np.float32)
    frames[0, 0, 14:17, 14:17] = frames[1, 0, 13:16, 15:18] = 1
    moved = np.roll(frames, (2, 4), (2, 3))
    for cell, alike in (("ConvLSTMCell", True), ("LSTMCell", False)):
        model = FramePredictor(config(cell), prep, rngs=nnx.Rngs(0))
        one, other = jax.jit(lambda m, a, b: (m(a), m(b)))(model, frames, moved)
        back = np.roll(np.asarray(other), (-2, -4), (2, 3))
        assert np.allclose(one, back, atol=1e-5) == alike


def test_nats_are_those_of_pixels_that_are_independent():
    logits, frames = FRAMES[:2] * 4 - 2, FRAMES[2:4]
    chances = 1 / (1 + np.exp(-np.asarray(logits)))
    each = frames * np.log(chances) + (1 - frames) * np.log(1 - chances)
    np.testing.assert_allclose(frame_nats(logits, frames), -each.sum((2, 3)), rtol=1e-6)


@pytest.mark.parametrize("cell", ["ConvLSTMCell", "LSTMCell"])
def test_the_first_guess_is_the_mean(cell):
    model = FramePredictor(config(cell), PREP, rngs=nnx.Rngs(0))
    np.testing.assert_allclose(jax.nn.sigmoid(model.out.bias[...]), 0.1, rtol=1e-6)


REFUSED = {
    "patch": ({"cell": "LSTMCell"}, 3, r"model\.patch is 3, which does not divide"),
    "strides": (
        {"cell": "ConvLSTMCell", "options": {"strides": 2}}, 2,
        r"model\.stack\.options leave \(2, 1\) of the \(4, 2\) patches of a frame, and "
        "each is predicted: leave strides at 1 and padding",
    ),
    "kernel": (
        {"cell": "ConvGRUCell", "options": {"kernel_size": 7, "padding": "VALID"}}, 2,
        r"model\.stack\.options: ConvGRUCell: nothing is left of input_shape=\(4, 2\)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_fit_the_frames_is_said(what):
    options, patch, said = REFUSED[what]
    stack = ImageStackConfig(hidden_sizes=(3,), **options)
    with pytest.raises(ValueError, match=said):
        VideoConfig(stack, patch=patch).make_stack(PREP)


def test_layers_that_read_both_ways_are_refused():
    with pytest.raises(
        ValueError, match=r"stack\.bidirectional is true, so the layers"
    ):
        VideoConfig(ImageStackConfig(bidirectional=True))


def test_a_title_says_how_frames_are_read():
    assert config("ConvGRUCell").title == "ConvGRU 2×3, patches of 2"
    assert config("LSTMCell").title == "LSTM 2×3, flat frames"
