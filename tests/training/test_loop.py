"""A run that is stopped and resumed ends like one that was not; NaN stops a run."""

import dataclasses
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm.data import Corpus, TokenStream, Vocab
from jlstm.tasks.language.model import LanguageConfig, LanguageDropout
from jlstm.tasks.language.objective import LanguageTask, StreamConfig, stream_nll
from jlstm.training.checkpoint import Checkpoints
from jlstm.training.config.stack import StackConfig
from jlstm.training.config.train import OptimizerConfig, ScheduleConfig, TrainConfig
from jlstm.training.log import read_metrics
from jlstm.training.loop import NonFiniteError, Trainer

pytestmark = pytest.mark.usefixtures("standard_promotion", "plain_keys")
TEXT = "abcabdabcabe" * 30
VOCAB = Vocab.from_text(TEXT, "char")
IDS = VOCAB.encode(TEXT)
MODEL = LanguageConfig(
    StackConfig(hidden_sizes=(6,)),
    embedding_size=None,
    dropout=LanguageDropout(output=0.2),
)


@dataclasses.dataclass(frozen=True, eq=False)
class Interrupted(LanguageTask):
    """A task that is interrupted once, when one batch is asked for."""

    at: int = 0

    def batches(self, epoch):
        return _Stopping(super().batches(epoch), self.at if epoch == 2 else -1)


class _Stopping:
    def __init__(self, batches, at):
        self.batches, self.at = batches, at

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, n):
        if n == self.at:
            raise KeyboardInterrupt
        return self.batches[n]


def corpus(test=True):
    return Corpus("toy", IDS[:260], IDS[260:], IDS[200:260] if test else None, VOCAB)


def make_task(kind=LanguageTask, **options):
    stream = StreamConfig(batch_size=4, window=5, valid_batch=2, test_batch=1)
    return kind(corpus(), MODEL, stream, {}, **options)


def trainer(folder: Path, task, rate=0.05, **options):
    settings = {"epochs": 3, "log_every": 3, "checkpoint_every": 4} | options
    return Trainer(
        task,
        TrainConfig(**settings),
        OptimizerConfig("adam", rate, clip=1.0),
        ScheduleConfig("plateau", factor=0.5),
        folder,
    )


def bits(model):
    return [np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(model)]


def untimed(folder):
    return [{k: v for k, v in r.items() if k != "time"} for r in read_metrics(folder)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nothing disturbed, and its folder."""
    folder = tmp_path_factory.mktemp("whole")
    with jax.debug_key_reuse(False), jax.numpy_dtype_promotion("standard"):
        return trainer(folder, make_task()).fit(), folder


@pytest.mark.long
def test_interrupted_run_ends_with_the_same_bits(tmp_path, whole):
    whole, folder = whole
    with pytest.raises(KeyboardInterrupt):
        trainer(tmp_path / "cut", make_task(Interrupted, at=7)).fit()
    resumed = trainer(tmp_path / "cut", make_task()).fit()
    assert bits(resumed.model) == bits(whole.model)
    assert (resumed.valid, resumed.test) == (whole.valid, whole.test)
    assert untimed(tmp_path / "cut") == untimed(folder)
    assert resumed.place.step == whole.place.step == 3 * 13


@pytest.mark.slow
def test_finished_run_may_go_on(tmp_path, whole):
    trainer(tmp_path, make_task(), epochs=1).fit()
    longer = trainer(tmp_path, make_task(), epochs=3).fit()
    assert bits(longer.model) == bits(whole[0].model)


@pytest.mark.long
def test_training_learns_and_logs_it(whole):
    result, folder = whole
    records = read_metrics(folder)
    losses = [r["loss"] for r in records if r["kind"] == "valid"]
    assert len(losses) == 3
    assert losses[-1] < 0.5 * np.log(len(VOCAB))
    assert losses[-1] < losses[0]
    assert result.valid["loss"] == pytest.approx(min(losses))
    assert result.place.best_epoch == 1 + int(np.argmin(losses))
    steps = [r["step"] for r in records if r["kind"] == "train"]
    assert steps == sorted(set(steps))
    assert steps[-1] == 3 * 13


@pytest.mark.slow
def test_last_weights_are_scored_when_asked(tmp_path):
    task = make_task()
    result = trainer(tmp_path, task, test_weights="last", epochs=2).fit()
    last = [r["loss"] for r in read_metrics(tmp_path) if r["kind"] == "valid"][-1]
    assert result.valid["loss"] == pytest.approx(last)


@pytest.mark.long
def test_a_run_ends_where_it_is_told_to_stop(tmp_path, whole):
    losses = [r["loss"] for r in read_metrics(whole[1]) if r["kind"] == "valid"]
    task = make_task()
    stopped = trainer(tmp_path, task, stop_at=losses[1]).fit()
    assert (stopped.place.epoch, stopped.place.best) == (3, losses[1])
    again = trainer(tmp_path, task, stop_at=losses[1]).fit()
    assert again.place.step == stopped.place.step
    assert len(losses) == 3 and losses[1] < losses[0]


@pytest.mark.long
def test_a_run_ends_where_validation_no_longer_improves(tmp_path, capsys):
    train = {"epochs": 9, "patience": 2, "test_weights": "best"}
    ended = trainer(tmp_path, make_task(Worse), **train).fit()
    assert (ended.place.epoch, ended.place.best_epoch) == (5, 2)
    said = "ended after epoch 4 of 9: none of the last 2 was better than epoch 2"
    assert said in capsys.readouterr().out
    again = trainer(tmp_path, make_task(Worse), **train).fit()
    assert again.place.step == ended.place.step
    assert bits(again.model) == bits(ended.model)
    assert said in capsys.readouterr().out


class Worse(LanguageTask):
    """Validation is best after the second epoch, whatever is learned."""

    left = [3.0, 1.0, 2.0, 1.5]

    def evaluate(self, model, part):
        return {"loss": self.left.pop(0) if self.left else 1.0}


class Uneven(LanguageTask):
    """One metric is best after the first epoch, the other after the third."""

    measures = {"loss": "lower", "score": "higher"}
    told = {1: (1.0, 0.2), 2: (2.0, 0.4), 3: (3.0, 0.6), 4: (4.0, 0.5), 5: (5.0, 0.5)}

    def batches(self, epoch):
        self.asked.append(epoch)
        return super().batches(epoch)

    def evaluate(self, model, part):
        return dict(zip(("loss", "score"), self.told[max(self.asked)], strict=True))


SELECTED = [
    ("score", {"patience": 2}, 3, 5, "none of the last 2 was better than epoch 3"),
    ("score", {"stop_at": 0.4}, 2, 2, "the validation score is at least 0.4"),
    pytest.param(
        "loss",
        {"patience": 2},
        1,
        3,
        "none of the last 2 was better than epoch 1",
        marks=pytest.mark.slow,
    ),
    pytest.param("loss", {"epochs": 4}, 1, 4, "", marks=pytest.mark.slow),
    pytest.param("score", {"epochs": 4}, 3, 4, "", marks=pytest.mark.slow),
]


@pytest.mark.long
@pytest.mark.parametrize(("select", "how", "best", "last", "why"), SELECTED)
def test_any_metric_chooses_the_epoch(tmp_path, capsys, select, how, best, last, why):
    task = make_task(Uneven)
    object.__setattr__(task, "asked", [])
    ended = trainer(tmp_path, task, **{"epochs": 6, "select": select, **how}).fit()
    assert (ended.place.best_epoch, ended.place.epoch - 1) == (best, last)
    assert ended.place.best == Uneven.told[best][select == "score"]
    assert why in capsys.readouterr().out.replace("\n", " ")
    fresh = trainer(tmp_path, task)._program.init()
    _, position = Checkpoints(tmp_path / "checkpoints").restore(fresh, "best")
    assert position["epoch"] - 1 == best


@pytest.mark.long
def test_nan_names_the_step_and_keeps_the_checkpoint(tmp_path):
    good = trainer(tmp_path, make_task(), epochs=1)
    good.fit()
    kept = good._checkpoints.latest()
    bad = trainer(tmp_path, make_task(), epochs=2)
    state, *rest = bad._start()
    poisoned = state._replace(learning_rate=np.float32("inf"))
    bad._start = lambda: (poisoned, *rest)
    with pytest.raises(NonFiniteError) as caught:
        bad.fit()
    message = str(caught.value)
    assert message.startswith(f"Step {kept + 2}: ")
    assert f"is nan. The checkpoint of step {kept} in {tmp_path} is kept" in message
    assert good._checkpoints.latest() == kept


@pytest.mark.slow
def test_evaluation_does_not_depend_on_the_window():
    model = make_task().make_model(jax.random.key(0))
    losses = [stream_nll(model, TokenStream(IDS[:100], 2, w)) for w in (3, 7, 49, 200)]
    assert np.allclose(losses, losses[0], rtol=1e-5)
    _, logits = model(jnp.asarray(IDS[:99, None]))
    table = jax.nn.log_softmax(logits, axis=-1)[:, 0]
    direct = -np.mean([table[n, IDS[n + 1]] for n in range(99)])
    assert stream_nll(model, TokenStream(IDS[:100], 1, 7)) == pytest.approx(direct)
