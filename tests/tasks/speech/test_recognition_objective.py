"""The recognition task: exact scores in order, and no row that only fills counts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm.data.batch_config import BatchConfig
from jlstm.data.synthetic.phones import PhoneConfig, phone_strings
from jlstm.losses.ctc import ctc_loss
from jlstm.metrics import error_rate
from jlstm.tasks.speech.recognition_objective import (
    RecognizeTask,
    SpokenBatches,
    Utterances,
)
from jlstm.tasks.speech.recognizer import RecognizerConfig
from jlstm.training.config.stack import StackConfig

pytestmark = pytest.mark.usefixtures("standard_promotion")
PHONES = PhoneConfig(phones=2, features=3, least=1, most=3, shortest=2, longest=3)
MODEL = RecognizerConfig(StackConfig(hidden_sizes=(5,)), join=1)


def said(count, seed):
    found = phone_strings(count, PHONES, seed=seed)
    targets = [one.phones % 2 + 1 for one in found]
    # A frame of silence between equal phones, so that there is a path.
    features = [np.repeat(one.features, 2, axis=0) for one in found]
    return Utterances(features, targets)


def make(**options):
    cut = BatchConfig(batch_size=4, eval_batch=4, buckets=1)
    return RecognizeTask(MODEL, 2, said(6, 0), said(3, 1), said(5, 2), cut, **options)


@jax.jit
def answer(model, xs, lengths):
    return model(xs, lengths)


loss_of = jax.jit(ctc_loss)


@pytest.fixture(scope="module")
def scored():
    with jax.numpy_dtype_promotion("standard"):
        task = make(beam=4)
        model = task.make_model(jax.random.key(0))
        return task, model, task.recognize(model, task.test)


@pytest.mark.long
def test_each_utterance_is_scored_as_if_alone(scored):
    task, model, heard = scored
    longest = task.boundaries[-1]
    for row, (xs, target) in enumerate(zip(*task.test, strict=True)):
        padded = jnp.asarray(np.pad(xs, ((0, longest - len(xs)), (0, 0))))
        logits, _ = answer(model, padded[:, None], jnp.array([len(xs)]))
        said = np.pad(target, (0, task.most - len(target)))[:, None]
        loss = loss_of(logits, said, np.array([len(xs)]), np.array([len(target)]))
        assert heard.losses[row] == pytest.approx(float(loss[0]), rel=1e-4)
        path = np.asarray(logits).argmax(axis=-1)[: len(xs), 0]
        kept = [k for n, k in enumerate(path) if k and (n == 0 or k != path[n - 1])]
        assert heard.greedy[row] == kept


def test_metrics_are_those_of_the_answers(scored):
    task, model, heard = scored
    metrics = task.evaluate(model, "test")
    references = [one.tolist() for one in task.test.targets]
    assert metrics == {
        "loss": pytest.approx(heard.losses.mean()),
        "wer": error_rate(references, heard.greedy),
        "beam_wer": error_rate(references, heard.beam),
    }


@pytest.mark.slow
def test_rows_that_fill_a_batch_count_for_nothing(scored):
    task, model, _ = scored
    last = task._batches(task.test, 4)[1]
    assert last.weights.tolist() == [1, 0, 0, 0] and task.count(last) == 1
    loss, (_, metrics) = jax.jit(task.loss)(model, (), last, jax.random.key(1))
    alone = task.recognize(model, task.test).losses
    row = task._batches(task.test, 4).padded[1].rows[0]
    assert float(loss) == pytest.approx(alone[row], rel=1e-4) == float(metrics["loss"])


def test_an_epoch_has_each_utterance_once_in_an_order_of_its_own():
    task = make()
    orders = [
        [row for batch in task.batches(epoch).padded for row in batch.rows if row >= 0]
        for epoch in (1, 2, 1)
    ]
    assert orders[0] == orders[2] != orders[1] and sorted(orders[1]) == list(range(6))


def test_what_is_changed_is_changed_again_in_each_epoch_but_not_at_random():
    def louder(utterances, rng):
        scale = rng.uniform()
        return utterances._replace(features=[scale * x for x in utterances.features])

    task = make(change=louder)
    sums = [sum(float(b.xs.sum()) for b in task.batches(n)) for n in (1, 2, 1)]
    assert sums[0] == sums[2] != sums[1]


def test_targets_stand_next_to_their_features():
    part = said(5, 3)
    batches = SpokenBatches(part, 2, (20,), most=3)
    for padded, batch in zip(batches.padded, batches, strict=True):
        for column, row in enumerate(padded.rows):
            size = batch.target_lengths[column]
            expected = part.targets[row] if row >= 0 else []
            assert batch.targets[:size, column].tolist() == list(expected)


def test_an_utterance_that_is_too_short_is_refused_with_its_part():
    short = Utterances([np.ones((2, 3), np.float32)], [np.array([1, 1])])
    line = "The valid part: Row 0 has 2 steps, and its target of 2 symbols needs 3"
    with pytest.raises(ValueError, match=line):
        RecognizeTask(MODEL, 2, said(2, 0), short, said(2, 1))
