"""What a model asks of its layers is checked where it is made, in one line."""

from dataclasses import fields

import pytest
from flax import nnx

from jlstm import (
    Bidirectional,
    ConvLSTMCell,
    GRUCell,
    LRUCell,
    LSTMCell,
    MLSTMCell,
    Recurrent,
    Stack,
)
from jlstm.layers.check import check_stack
from jlstm.tasks.language.model import LanguageConfig, LanguageModel
from jlstm.tasks.music.model import MusicModel
from jlstm.tasks.translation.model import Seq2Seq
from jlstm.tasks.translation.model_config import Seq2SeqConfig
from jlstm.training.config.stack import StackConfig
from tests.messages import message_of

LSTM = Recurrent(LSTMCell(4))
BOTH = Bidirectional(GRUCell(2))
BACKWARDS = Recurrent(GRUCell(2), reverse=True)
MATRIX = Recurrent(MLSTMCell(4, num_heads=2))
IMAGES = Recurrent(ConvLSTMCell(2, input_shape=(3, 3)))
END = (
    ", which reads from the end; here no step may know later ones: give a layer that "
    "reads forwards, such as Recurrent(LSTMCell(64))."
)
MATRICES = (
    ".cell keeps an array of shape (2, 2, 2) (float32) from step to step, and a bridge "
    "maps vectors of real numbers: choose a cell such as LSTMCell or GRUCell."
)
WRONG = {
    "both ways": (
        {"causal": True}, (LSTM, BOTH), "layers[1] is " + repr(BOTH) + END,
    ),
    "backwards, inside": (
        {"causal": True}, (LSTM, Stack((BACKWARDS,))),
        "layers[1].layers[0] is " + repr(BACKWARDS) + END,
    ),
    "images": (
        {}, (IMAGES,), "layers[0] is " + repr(IMAGES) + ", whose steps have 3 axes; "
        "here a step is a vector: give a cell of vectors, such as LSTMCell(64).",
    ),
    "vectors for images": (
        {"features": 3}, (LSTM,), "layers[0] is " + repr(LSTM) + ", whose steps have 1 "
        "axis; here a step is an array of 3 axes: give a convolutional cell, such as "
        "ConvLSTMCell.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_a_layer_cannot_do_is_said(name):
    asked, layers, said = WRONG[name]
    message = message_of(
        ValueError, lambda: check_stack("the model", Stack(layers), **asked)
    )
    assert message == f"the model: {said}"


@pytest.mark.parametrize(
    ("asked", "layers"),
    [
        ({}, (LSTM, BOTH, BACKWARDS, MATRIX)),
        ({"causal": True}, (LSTM, MATRIX)),
        ({"features": 3, "causal": True}, (IMAGES,)),
        ({"causal": True}, (LSTM, Recurrent(LRUCell(4)))),
    ],
)
def test_what_a_layer_can_do_passes(asked, layers):
    check_stack("the model", Stack(layers), **asked)


def stands_for(config, stack):
    """Return a configuration that makes ``stack``, whatever it says."""
    kind = type(config)
    own = type(kind.__name__, (kind,), {"make_stack": lambda self: stack})
    return own(**{each.name: getattr(config, each.name) for each in fields(config)})


def translator(encoder, decoder):
    parts = (stands_for(StackConfig(), Stack((part,))) for part in (encoder, decoder))
    return Seq2Seq(Seq2SeqConfig(*parts), 9, 7, rngs=nnx.Rngs(0))


MODELS = {
    "language": (
        lambda: LanguageModel(
            7, stands_for(LanguageConfig(), Stack((BOTH,))), rngs=nnx.Rngs(0)
        ),
        "LanguageModel: layers[0] is " + repr(BOTH) + END,
    ),
    "music": (
        lambda: MusicModel(Stack((BACKWARDS,)), rngs=nnx.Rngs(0)),
        "MusicModel: layers[0] is " + repr(BACKWARDS) + END,
    ),
    "the bridge reads": (
        lambda: translator(MATRIX, LSTM),
        "model.stack" + MATRICES,
    ),
    "the bridge writes": (
        lambda: translator(BOTH, MATRIX),
        "model.decoder" + MATRICES,
    ),
    "the decoder": (
        lambda: translator(BOTH, BACKWARDS),
        "Seq2Seq: decoder: layers[0] is " + repr(BACKWARDS) + END,
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_says_which_layer_it_cannot_take(name):
    make, said = MODELS[name]
    assert message_of(ValueError, make) == said


def test_below_its_top_an_encoder_may_carry_matrices():
    parts = (
        stands_for(StackConfig(), Stack(layers)) for layers in ((MATRIX, LSTM), (LSTM,))
    )
    config = Seq2SeqConfig(*parts, embedding_size=4)
    assert Seq2Seq(config, 9, 7, rngs=nnx.Rngs(0)).bridge.kernel.shape == (8, 8)
