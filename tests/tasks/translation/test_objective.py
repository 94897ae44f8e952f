"""The translation task: batches of each epoch, an exact mean over words."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm.data.translation import TranslationConfig, encode_pairs
from jlstm.tasks.translation.model_config import Seq2SeqConfig
from jlstm.tasks.translation.objective import PairBatchConfig, TranslateTask, pair_nll
from jlstm.training.config.stack import StackConfig

LINES = (
    ["ein Hund .", "zwei Hunde rennen .", "ein Mann", "ein Hund und ein Mann ."],
    ["a dog .", "two dogs run .", "a man", "a dog and a man ."],
)
CORPUS = encode_pairs(
    {"train": LINES, "val": LINES, "test_2016_flickr": LINES},
    TranslationConfig(min_count=1),
)
MODEL = Seq2SeqConfig(
    StackConfig(hidden_sizes=(3,), bidirectional=True),
    StackConfig(hidden_sizes=(4,)),
    embedding_size=3,
)
TASK = TranslateTask(CORPUS, MODEL, PairBatchConfig(3, 3, boundaries=(4, 90)))


nats_of = jax.jit(lambda model, batch: jnp.sum(pair_nll(model, batch)))


def test_the_last_boundary_is_the_longest_pair():
    assert TASK.boundaries == (4, 7)


@pytest.mark.parametrize(
    ("given", "used"), [((), (7,)), ((2,), (2, 4, 7)), ((1, 3), (1, 3, 6, 7))]
)
def test_a_short_list_of_boundaries_goes_on_by_doubling(given, used):
    task = TranslateTask(CORPUS, MODEL, PairBatchConfig(3, 3, boundaries=given))
    assert task.boundaries == used
    kept = [row for batch in task.held_out("val") for row in batch.rows if row >= 0]
    assert sorted(kept) == [0, 1, 2, 3]


def test_each_epoch_has_an_order_of_its_own_and_each_pair_once():
    orders = [[b.rows.tolist() for b in TASK.batches(epoch)] for epoch in range(1, 9)]
    assert orders[0] == [b.rows.tolist() for b in TASK.batches(1)]
    assert len({str(order) for order in orders}) > 1
    for order in orders:
        assert sorted(row for rows in order for row in rows) == [-1, -1, 0, 1, 2, 3]
    words = sum(TASK.count(batch) for batch in TASK.batches(1))
    assert words == sum(map(len, CORPUS.parts["train"].targets)) == 19


@pytest.mark.long
def test_evaluation_is_the_mean_over_words_of_single_pairs():
    model = TASK.make_model(jax.random.key(0))
    rng = np.random.default_rng(0)
    model = jax.tree.map(
        lambda p: jnp.asarray(rng.normal(size=p.shape), p.dtype), model
    )
    one = TranslateTask(CORPUS, MODEL, PairBatchConfig(3, 3, boundaries=()))
    found = one.evaluate(model, "valid")
    alone = TranslateTask(CORPUS, MODEL, PairBatchConfig(1, 1, boundaries=()))
    nats = {int(b.rows[0]): float(nats_of(model, b)) for b in alone.held_out("val")}
    mean = sum(nats.values()) / 19
    assert found["loss"] == pytest.approx(mean, rel=1e-5)
    assert found["perplexity"] == pytest.approx(math.exp(mean), rel=1e-4)
    batch = next(iter(one.batches(1)))
    loss, (carry, metrics) = jax.jit(one.loss)(model, (), batch, jax.random.key(1))
    own = sum(nats[row] for row in batch.rows.tolist() if row >= 0)
    assert float(loss) == pytest.approx(own / one.count(batch), rel=1e-5)
    assert carry == () and metrics["loss"] == loss


def test_a_batch_size_is_positive():
    with pytest.raises(
        ValueError, match="PairBatchConfig: batch_size is 0; give a positive"
    ):
        PairBatchConfig(batch_size=0)
