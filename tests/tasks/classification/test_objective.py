"""The classification task: exact numbers, each example once, an order of its own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from sklearn.metrics import f1_score

from jlstm.data.batch_config import BatchConfig
from jlstm.metrics import confusion
from jlstm.tasks.classification.model import Classifier, ClassifierConfig
from jlstm.tasks.classification.objective import (
    ClassifyTask,
    Examples,
    LabelledBatches,
)
from jlstm.training.config.class_loss import ClassLossConfig
from jlstm.training.config.stack import StackConfig
from jlstm.training.task import Task

RNG = np.random.default_rng(0)
LENGTHS = (3, 1, 4, 0, 2, 4, 3)
IDS = [RNG.integers(0, 9, n).astype(np.int32) for n in LENGTHS]
EXAMPLES = Examples(IDS, np.array([0, 2, 1, 1, 0, 2, 2]))
CONFIG = ClassifierConfig(StackConfig(hidden_sizes=(4,)), "mean", embedding_size=3)
CUT = BatchConfig(batch_size=4, eval_batch=5, buckets=2)


def task(**options):
    parts = EXAMPLES, EXAMPLES.take(np.arange(5)), EXAMPLES
    return ClassifyTask(CONFIG, 3, *parts, vocab_size=9, cut=CUT, **options)


@pytest.fixture(scope="module")
def model():
    return Classifier(CONFIG, 3, vocab_size=9, rngs=nnx.Rngs(0))


def log_shares(logits):
    raised = np.asarray(logits, np.float64)
    return raised - np.log(np.exp(raised).sum(1, keepdims=True))


def test_it_is_a_task():
    assert isinstance(task(), Task) and task().has_test
    assert task().boundaries == (3, 4)


@pytest.mark.long
def test_loss_is_the_mean_over_real_rows(model):
    batches = LabelledBatches(EXAMPLES, 4, (4,))
    batch = jax.tree.map(jnp.asarray, batches[1])
    assert batch.weights.tolist() == [1, 1, 1, 0]
    loss, (carry, metrics) = task().loss(model, (), batch, jax.random.key(0))
    logs = log_shares(model(batch.xs, batch.lengths))[:3]
    wanted = -logs[np.arange(3), EXAMPLES.labels[4:]].mean()
    np.testing.assert_allclose(loss, wanted, rtol=1e-5)
    right = logs.argmax(1) == EXAMPLES.labels[4:]
    assert carry == () and np.isclose(metrics["accuracy"], right.mean())
    assert task().count(batch) == 3


NAMES = ("a", "b", "c")
AIMS = {
    "balanced": (ClassLossConfig("balanced"), [7 / 6, 7 / 6, 7 / 9], 0.0),
    "by name": (ClassLossConfig({"b": 3, "c": 0.0}), [1.0, 3.0, 0.0], 0.0),
    "smoothed": (ClassLossConfig(None, 0.2), [1.0, 1.0, 1.0], 0.2),
    "both": (ClassLossConfig({"c": 2.0}, 0.1), [1.0, 1.0, 2.0], 0.1),
}


@pytest.mark.long
@pytest.mark.parametrize("aim", AIMS)
def test_classes_count_by_their_weight_and_labels_are_smoothed(model, aim):
    config, weights, smoothing = AIMS[aim]
    weights = np.array(weights)
    made = task(aim=config.of(NAMES, EXAMPLES.labels))
    batch = jax.tree.map(jnp.asarray, LabelledBatches(EXAMPLES, 4, (4,))[1])
    loss, _ = made.loss(model, (), batch, jax.random.key(0))
    logs, labels = log_shares(model(batch.xs, batch.lengths))[:3], EXAMPLES.labels[4:]
    share = (1 - smoothing) * np.eye(3)[labels] + smoothing / 3
    wanted = -(share * weights * logs).sum() / weights[labels].sum()
    np.testing.assert_allclose(loss, wanted, rtol=1e-5)
    plain = task().evaluate(model, "test")
    assert made.evaluate(model, "test") == plain  # all count alike there


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: ClassLossConfig({"bb": 2.0}).of(("bad", "good"), np.array([0])),
            "loss.class_weights: a class is 'bb'; choose one of bad, good.",
        ),
        (
            lambda: ClassLossConfig({"bad": -1}),
            "ClassLossConfig: class_weights: bad is -1; give 0 or a positive number.",
        ),
        (
            lambda: ClassLossConfig("balance"),
            "ClassLossConfig: class_weights is 'balance'; choose one of balanced",
        ),
        (
            lambda: ClassLossConfig(label_smoothing=1.0),
            "ClassLossConfig: label_smoothing is 1.0; give a probability in [0, 1)",
        ),
    ],
)
def test_weights_that_mean_nothing_are_refused(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value).startswith(message)


@pytest.mark.long
def test_every_example_is_scored_once_in_its_place(model):
    logits = task().logits(model, EXAMPLES)
    for row in (0, 1, 4):
        xs = jnp.asarray(IDS[row])[:, None]
        np.testing.assert_allclose(model(xs)[0], logits[row], atol=1e-6)
    metrics = task().evaluate(model, "test")
    logs = log_shares(logits)
    wanted = -logs[np.arange(7), EXAMPLES.labels].mean()
    np.testing.assert_allclose(metrics["loss"], wanted, rtol=1e-6)
    assert metrics["accuracy"] == (logs.argmax(1) == EXAMPLES.labels).mean()
    f1 = f1_score(EXAMPLES.labels, logs.argmax(1), average="macro", zero_division=0.0)
    assert metrics["macro_f1"] == pytest.approx(f1)


def test_an_epoch_has_its_own_order_and_keeps_it():
    def order(batches):
        return [batch.labels.tolist() for batch in batches]

    each = [order(task().batches(epoch)) for epoch in (1, 2, 3)]
    assert each[0] == order(task().batches(1))
    assert len({str(one) for one in each}) > 1
    other = order(task(seed=7).batches(1))
    assert sorted(map(len, other)) == sorted(map(len, each[0]))
    batches = task().batches(1)
    assert sum(batch.weights.sum() for batch in batches) == 7
    assert {batch.xs.shape for batch in batches} == {(3, 4), (4, 4)}


def test_training_examples_may_change_from_epoch_to_epoch():
    def draw(examples, rng):
        return examples.take(rng.permutation(7)[:3])

    def seen(epoch):
        return [batch.xs.tolist() for batch in task(change=draw).batches(epoch)]

    assert seen(1) == seen(1) != seen(2)
    assert sum(b.weights.sum() for b in task(change=draw).batches(1)) == 3


@pytest.mark.long
def test_rows_of_one_length_need_no_lengths():
    examples = Examples([np.ones((2, 3), np.float32)] * 3, np.array([0, 1, 0]))
    batches = LabelledBatches(examples, 2, (2,))
    assert [batch.lengths for batch in batches] == [None, None]
    assert batches[1].weights.tolist() == [1, 0]
    vectors = ClassifyTask(CONFIG, 2, examples, examples, input_size=3)
    drawn = vectors.make_model(jax.random.key(0))
    assert not vectors.has_test and drawn.table is None
    assert vectors.evaluate(drawn, "valid")["loss"] > 0


def test_a_longer_test_text_widens_the_last_bucket():
    longer = Examples([*IDS, np.zeros(9, np.int32)], np.zeros(8, int))
    own = ClassifyTask(CONFIG, 3, EXAMPLES, EXAMPLES, longer, vocab_size=9, cut=CUT)
    assert own.boundaries == (3, 9)


def test_confusion_counts_rows_as_truth():
    labels, guesses = np.array([0, 0, 1, 2]), np.array([0, 2, 1, 1])
    wanted = [[1, 0, 1], [0, 1, 0], [0, 1, 0]]
    assert confusion(labels, guesses, 3).tolist() == wanted


def test_numbers_out_of_range_are_refused():
    with pytest.raises(ValueError, match="BatchConfig: buckets is 0; give a positive"):
        BatchConfig(buckets=0)
