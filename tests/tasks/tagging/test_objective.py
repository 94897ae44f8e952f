"""The tagging task: exact scores in order, whatever the batches."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import f1_score

from jlstm.data.batch_config import BatchConfig
from jlstm.metrics.chunks import chunk_score
from jlstm.tasks.tagging.experiment import Config
from jlstm.tasks.tagging.model import TaggerConfig, TaggerSizes
from jlstm.tasks.tagging.objective import TaggedBatches, TagTask, token_accuracy
from jlstm.training.config.class_loss import ClassLossConfig
from jlstm.training.config.stack import StackConfig

pytestmark = pytest.mark.usefixtures("standard_promotion")
TAGS = ("B-NP", "I-NP", "O")
MODEL = TaggerConfig(
    StackConfig(hidden_sizes=(3,)), embedding_size=3, letter_embedding=2,
    letter_size=2,
)  # fmt: skip


def sentences(count, seed):
    rng = np.random.default_rng(seed)
    return [
        np.concatenate(
            [
                rng.integers(8, size=(n, 1)),
                rng.integers(3, size=(n, 1)),
                np.zeros((n, 1), int),
                rng.integers(1, 5, size=(n, 2)),
            ],
            axis=1,
        )
        for n in rng.integers(1, 6, size=count)
    ]


def make(**options):
    parts = (sentences(7, 0), sentences(3, 1), sentences(6, 2))
    cut = BatchConfig(batch_size=2, eval_batch=2, buckets=1)
    return TagTask(MODEL, TaggerSizes(8, 5, 3), TAGS, *parts, cut=cut, **options)


@pytest.fixture(scope="module")
def scored():
    with jax.numpy_dtype_promotion("standard"):
        task = make()
        model = task.make_model(jax.random.key(0))
        return task, model, task.tag(model, task.test)


@pytest.mark.slow
def test_each_sentence_is_tagged_as_if_alone(scored):
    task, model, found = scored
    assert [*map(len, found.tags)] == [*map(len, task.test)]
    for row, sentence in enumerate(task.test):
        alone = task.tag(model, [sentence])
        assert alone.tags == [found.tags[row]]
        assert alone.losses[0] == pytest.approx(found.losses[row], rel=1e-5)


def test_metrics_weigh_all_words_equally(scored):
    task, model, found = scored
    gold = [one[:, 1].tolist() for one in task.test]
    names = [[tuple(TAGS[n] for n in one) for one in each] for each in (gold, found[1])]
    words = sum(map(len, gold))
    right = sum(np.sum(np.equal(a, b)) for a, b in zip(gold, found.tags, strict=True))
    assert task.evaluate(model, "test") == {
        "loss": pytest.approx(found.losses.sum() / words),
        "accuracy": pytest.approx(right / words),
        "macro_f1": pytest.approx(
            f1_score(*map(np.concatenate, (gold, found.tags)), average="macro")
        ),
        "f1": chunk_score(*names).f1,
    }
    assert token_accuracy(gold, found.tags) == pytest.approx(right / words)


@pytest.mark.long
def test_the_loss_is_the_mean_over_the_words_of_a_batch(scored):
    task, model, found = scored
    batches = TaggedBatches(task.test, 2, task.boundaries)
    loss = jax.jit(task.loss)
    for padded, batch in zip(batches.padded, batches, strict=True):
        value, (carry, metrics) = loss(model, (), batch, jax.random.key(1))
        own = found.losses[padded.rows[padded.rows >= 0]].sum()
        assert float(value) == pytest.approx(own / task.count(batch), rel=1e-5)
        assert carry == () and float(metrics["loss"]) == float(value)


@pytest.mark.long
def test_tags_count_by_their_weight(scored):
    weights = np.array([1.0, 4.0, 0.5])
    aim = ClassLossConfig(dict(zip(TAGS, weights.tolist(), strict=True)), 0.1)
    softmax = dataclasses.replace(MODEL, answer="softmax")
    task = dataclasses.replace(make(aim=aim.of(TAGS, np.arange(3))), model=softmax)
    model = task.make_model(jax.random.key(0))
    batch = jax.tree.map(jnp.asarray, TaggedBatches(task.test, 2, task.boundaries)[0])
    loss, _ = task.loss(model, (), batch, jax.random.key(1))
    logs = jax.nn.log_softmax(model(batch.text), axis=-1)
    total = counted = 0.0
    for column, length in enumerate(batch.text.lengths):
        for step in range(length):
            tag, row = batch.tags[step, column], np.asarray(logs[step, column])
            total -= 0.9 * weights[tag] * row[tag] + 0.1 / 3 * weights @ row
            counted += weights[tag]
    assert float(loss) == pytest.approx(total / counted, rel=1e-5)


def test_a_crf_takes_no_weights_of_single_tags():
    loss = ClassLossConfig("balanced")
    with pytest.raises(ValueError) as caught:
        Config(model=dataclasses.replace(MODEL, answer="crf"), loss=loss)
    assert str(caught.value) == (
        "loss: class_weights and label_smoothing are of single words, and "
        "model.answer=crf scores a sentence as one: set model.answer=softmax, or "
        "leave them out."
    )
    Config(model=dataclasses.replace(MODEL, answer="softmax"), loss=loss)


def test_an_epoch_has_each_sentence_once_in_an_order_of_its_own():
    task = make()
    orders = [
        [row for batch in task.batches(epoch).padded for row in batch.rows if row >= 0]
        for epoch in (1, 2, 1)
    ]
    assert orders[0] == orders[2] != orders[1] and sorted(orders[1]) == list(range(7))


def test_parts_of_speech_have_no_chunks():
    assert not TagTask(MODEL, TaggerSizes(8, 5, 2), ("NOUN", "O"), [], [], []).chunked
    assert make().chunked
