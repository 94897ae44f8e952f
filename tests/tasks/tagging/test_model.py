"""The tagger is its parts put together; padding is invisible to it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jlstm.losses.crf import crf_decode, crf_nll
from jlstm.nnx.sequence_dropout import SequenceDropout
from jlstm.tasks.tagging.model import Tagger, TaggerConfig, TaggerSizes, Text
from jlstm.training.config.stack import StackConfig

SIZES = TaggerSizes(words=7, letters=6, tags=3, marks=4)
SMALL = StackConfig(hidden_sizes=(3,), bidirectional=True)
LENGTHS = jnp.array([4, 2, 0], jnp.int32)
RNG = np.random.default_rng(0)
LIVE = np.arange(4)[:, None] < np.asarray(LENGTHS)


def text(padding=0):
    """Return sentences; what follows their ends is ``padding``."""
    rng = np.random.default_rng(1)
    words, marks = rng.integers(1, 7, (4, 3)), rng.integers(1, 4, (4, 3))
    letters = rng.integers(1, 6, (4, 3, 5))
    letters[..., 3:] = 0
    letters[0, :, 1:] = 0
    columns = (words, letters, marks)
    columns = [np.where(LIVE if c.ndim == 2 else LIVE[..., None], c, padding)
               for c in columns]  # fmt: skip
    return Text(*(jnp.asarray(c, jnp.int32) for c in columns), LENGTHS)


def make(answer="crf", **options):
    sizes = {"embedding_size": 4, "letter_embedding": 2, "letter_size": 2}
    config = TaggerConfig(SMALL, answer, mark_size=2, **sizes | options)
    model = Tagger(config, SIZES, unknown=1, rngs=nnx.Rngs(0))
    model.out.bias[...] = jnp.array([0.5, -0.25, 1.0], jnp.float32)
    return model


@jax.jit
def run(model, text, tags, key=None):
    scores = model(text, key=key)
    return (
        scores,
        model.nll(scores, tags, text.lengths),
        model.decode(scores, text.lengths),
    )


TAGS = jnp.asarray(RNG.integers(3, size=(4, 3)), jnp.int32)


@pytest.fixture(scope="module")
def answered():
    model = make()
    return model, *run(model, text(), TAGS)


@pytest.mark.long
def test_scores_are_words_letters_marks_layers_and_a_matrix(answered):
    model, scores, _, _ = answered
    words, letters, marks, _ = text()
    sizes = np.asarray((letters > 0).sum(-1))
    spelled = np.zeros((4, 3, 4), np.float32)
    read = jax.jit(model.speller.layer.apply)
    vectors = model.letters(letters)
    for place in np.argwhere(LIVE):
        step, row = place
        letters_of = vectors[step, row, : sizes[step, row]]
        (both,), _ = read(model.speller.pure_params(), letters_of)
        spelled[step, row] = np.concatenate([both.forward.h, both.backward.h])
    parts = [
        model.words.embedding[...][words],
        jnp.asarray(spelled),
        model.marks.embedding[...][marks],
    ]
    _, ys = jax.jit(model.rnn.layer.apply)(
        model.rnn.pure_params(), jnp.concatenate(parts, -1), lengths=LENGTHS
    )
    matrix, bias = (np.asarray(p[...]) for p in (model.out.kernel, model.out.bias))
    expected = np.asarray(ys) @ matrix + bias
    np.testing.assert_allclose(scores[LIVE], expected[LIVE], atol=1e-5)


def test_a_crf_scores_the_sentence_as_one(answered):
    model, scores, nats, tags = answered
    field = model.crf.pure_params()
    expected = jax.jit(crf_nll)(field, scores, TAGS, LENGTHS)
    np.testing.assert_allclose(nats, expected, rtol=1e-6)
    best = jax.jit(crf_decode)(field, scores, LENGTHS).tags
    np.testing.assert_array_equal(tags, best)


@pytest.mark.slow
def test_a_softmax_scores_each_word_by_itself():
    model = make("softmax")
    scores, nats, tags = (np.asarray(each) for each in run(model, text(), TAGS))
    logs = scores - np.log(np.exp(scores).sum(-1, keepdims=True))
    own = np.take_along_axis(logs, np.asarray(TAGS)[..., None], -1)[..., 0]
    np.testing.assert_allclose(nats, -(own * LIVE).sum(0), rtol=1e-5)
    assert nats[2] == 0
    np.testing.assert_array_equal(tags, np.where(LIVE, scores.argmax(-1), -1))


def test_padding_is_invisible(answered):
    model, scores, nats, tags = answered
    others = run(model, text(padding=3), TAGS)
    np.testing.assert_array_equal(others[0][LIVE], scores[LIVE])
    np.testing.assert_array_equal(others[1], nats)
    np.testing.assert_array_equal(others[2], tags)


def test_what_is_not_read_has_no_parameters():
    model = make("softmax", letter_size=0)
    assert model.speller is None and model.letters is None and model.crf is None
    plain = TaggerConfig(SMALL, letter_size=0)
    bare = Tagger(plain, SIZES._replace(marks=0), rngs=nnx.Rngs(0))
    assert bare.marks is None
    assert plain.title == "BiLSTM 1×3, softmax"


def test_a_dropped_word_becomes_the_unknown_one():
    model = make(dropout=SequenceDropout(word=0.5))
    vectors = model.words.embedding[...][text().words]
    dropped = model.drop_words(vectors, jax.random.key(0))
    unknown = np.asarray(model.words.embedding[...][1])
    gone = (np.asarray(dropped) == unknown).all(-1)
    kept = (np.asarray(dropped) == np.asarray(vectors)).all(-1)
    assert (gone | kept).all() and gone.any() and not gone.all()
    assert model.drop_words(vectors, None) is vectors


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (
            lambda: TaggerConfig(letter_size=-1),
            "letter_size is -1; give 0 or a positive integer",
        ),
        (lambda: TaggerConfig(embedding_size=0), "embedding_size is 0; give a posit"),
        (lambda: SequenceDropout(word=1.0), "SequenceDropout: word is 1.0"),
    ],
)
def test_what_is_out_of_range_is_refused(make, line):
    with pytest.raises(ValueError, match=line):
        make()
