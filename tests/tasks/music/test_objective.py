"""The music task: nats over all predicted steps, by the protocol of the tables."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm import LSTMCell, Recurrent
from jlstm.data.batch_config import BatchConfig
from jlstm.tasks.music.objective import MusicTask, PieceBatches, cut_piece

pytestmark = pytest.mark.usefixtures("standard_promotion")
KEYS = 88


def pieces(count, seed):
    rng = np.random.default_rng(seed)
    steps = rng.integers(1, 7, size=count)
    return tuple(rng.integers(2, size=(n, KEYS)).astype(np.uint8) for n in steps)


def make(**options):
    cut = BatchConfig(batch_size=2, eval_batch=2, buckets=1)
    parts = pieces(5, 0), pieces(3, 1), pieces(4, 2)
    return MusicTask(Recurrent(LSTMCell(3)), *parts, cut=cut, **options)


@jax.jit
def answer(model, xs, lengths):
    return model(xs, lengths=lengths)[1]


@pytest.fixture(scope="module")
def drawn():
    with jax.numpy_dtype_promotion("standard"):
        task = make(watch_test=True)
        return task, task.make_model(jax.random.key(0))


def nats_of(model, piece):
    """Return the nats of all steps but the first, from the chance of each key."""
    padded = np.zeros((6, 1, KEYS), np.float32)
    padded[: len(piece), 0] = piece
    logits = np.asarray(answer(model, padded, jnp.array([len(piece)])))[:, 0]
    chances = 1 / (1 + np.exp(-logits.astype(float)))
    right = np.where(piece[1:] > 0, chances[: len(piece) - 1],
                     1 - chances[: len(piece) - 1])  # fmt: skip
    return -np.log(right).sum()


@pytest.mark.long
def test_nats_are_summed_over_all_steps_and_divided_by_their_number(drawn):
    task, model = drawn
    total = sum(nats_of(model, piece) for piece in task.test)
    steps = sum(len(piece) - 1 for piece in task.test)
    assert any(len(piece) == 1 for piece in (*task.train, *task.valid, *task.test))
    found = task.evaluate(model, "test")
    assert found == {"loss": pytest.approx(total / steps, rel=1e-5)}
    watched = task.evaluate(model, "valid")
    assert watched["test_loss"] == found["loss"] != watched["loss"]


def test_the_loss_is_the_mean_over_the_steps_of_a_batch(drawn):
    task, model = drawn
    loss = jax.jit(task.loss)
    for number, batch in enumerate(task.batches(1)):
        rows = task.batches(1).padded[number].rows
        own = [task.train[row] for row in rows if row >= 0]
        value = float(loss(model, (), batch, jax.random.key(1))[0])
        steps = sum(len(piece) - 1 for piece in own)
        assert task.count(batch) == steps
        total = sum(nats_of(model, piece) for piece in own)
        assert value == pytest.approx(total / max(steps, 1), rel=1e-5)


def test_parts_predict_each_step_once():
    piece = np.arange(11, dtype=np.uint8)
    parts = cut_piece(piece, 4)
    assert max(map(len, parts)) == 4
    assert np.concatenate([part[1:] for part in parts]).tolist() == [*range(1, 11)]
    assert cut_piece(piece[:1], 4)[0].tolist() == [0]
    task = make(window=3)
    predicted = sum(len(piece) - 1 for piece in task.train)
    assert sum(task.count(batch) for batch in task.batches(1)) == predicted


def test_an_epoch_has_each_piece_once_in_an_order_of_its_own():
    task = make()
    orders = [
        [row for batch in task.batches(epoch).padded for row in batch.rows if row >= 0]
        for epoch in (1, 2, 1)
    ]
    assert orders[0] == orders[2] != orders[1] and sorted(orders[1]) == list(range(5))
    assert len(PieceBatches(task.train, 2, (6,))) == 3
