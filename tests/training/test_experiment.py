"""What holds for every task: a model needs its prep alone, which JSON can hold."""

import json
from dataclasses import dataclass

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jlstm.tasks import TASKS
from jlstm.tasks.music.midi import write_midi
from jlstm.training.config.run import RunConfig
from jlstm.training.config.train import TrainConfig
from jlstm.training.experiment import Experiment, Finished, Loaded, Report
from jlstm.training.prep import pack, unpack
from tests.quick import quick
from tests.tasks.small import PARTS, small


@pytest.fixture
def made(request, tmp_path, monkeypatch):
    """The smallest experiment of a task."""
    return small(request.param, tmp_path, monkeypatch)


def of_tasks(*names):
    return pytest.mark.parametrize("made", names, indirect=True)


def draw(experiment, prep, seed):
    return experiment.make_model(prep, nnx.Rngs(jax.random.key(seed)))


def test_there_is_a_small_experiment_of_every_task():
    assert PARTS.keys() == TASKS.keys()


def kept(made):
    """Return the prep of an experiment, made again of JSON and arrays alone."""
    data, arrays = pack(made.data.prep)
    return unpack(made.Prep, json.loads(json.dumps(data)), arrays)


@of_tasks(*TASKS)
def test_a_model_needs_no_more_than_its_prep(made):
    """What is drawn from JSON, arrays and a configuration is what the task draws."""
    again = type(made)(made.config)
    model = draw(again, kept(made), 0)
    assert again._data is None  # nothing was read
    trained = made.task(made.data, {}).make_model(jax.random.key(0))
    assert nnx.split(model)[0] == nnx.split(trained)[0]
    chex.assert_trees_all_equal(model, trained)


@of_tasks(*quick(TASKS, 2))
def test_with_copied_weights_it_answers_as_the_trained_one_does(made):
    task = made.task(made.data, {})
    trained, other = task.make_model(jax.random.key(0)), draw(made, kept(made), 1)
    nnx.update(other, nnx.state(trained))

    @jax.jit
    def loss(model, batch):
        return task.loss(model, task.init_carry(), batch, jax.random.key(2))[0]

    batch = task.batches(1)[0]
    with jax.debug_key_reuse(False), jax.numpy_dtype_promotion("standard"):
        wanted, found = loss(trained, batch), loss(other, batch)
    assert np.isfinite(wanted) and found == wanted


@of_tasks(*TASKS)
def test_what_a_run_is_compared_by_is_that_of_its_data(made):
    again = type(made).from_config(made.config)
    assert made.identity(made.data) == again.identity(again.data)
    json.dumps(made.identity(made.data))


def test_a_prep_of_other_things_is_refused():
    @dataclass(frozen=True)
    class Prep:
        sizes: tuple[object, ...]

    with pytest.raises(TypeError, match=r"sizes\.1 is \{1\}: give a number, a text"):
        pack(Prep((1, {1})))


@dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    task: str = "mean"


@dataclass(frozen=True)
class Prep:
    size: int


class Mean(nnx.Module):
    def __init__(self, size):
        self.mean = nnx.Param(jnp.zeros(size))


class MeanTask:
    unit, has_test, baselines = "numbers", True, {}

    def __init__(self, data):
        self.data = data

    def make_model(self, key):
        return Mean(self.data.prep.size)

    def init_carry(self):
        return ()

    def batches(self, epoch):
        return [self.data.train]

    def count(self, batch):
        return len(batch)

    def loss(self, model, carry, batch, key):
        loss = jnp.mean((model.mean[...][None] - batch) ** 2)
        return loss, (carry, {"loss": loss})

    def evaluate(self, model, part):
        errors = np.asarray(model.mean[...]) - self.data.parts[part]
        return {"loss": float((errors**2).mean())}


class MeanExperiment(Experiment[Config, Prep, np.ndarray]):
    """Two numbers, learned from rows of two."""

    Config, Prep = Config, Prep

    def load(self):
        rows = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
        return Loaded(Prep(2), dict(zip(("train", "valid", "test"), rows, strict=True)))

    def make_model(self, prep, rngs):
        return Mean(prep.size)

    def task(self, data, baselines):
        return MeanTask(data)

    def identity(self, data):
        return {}


def test_a_run_writes_scores_files_and_a_page(tmp_path, capsys, standard_promotion):
    seen = {}

    class Reported(MeanExperiment):
        def baselines(self, data):
            return {"zero": 1.0}

        def report(self, run):
            seen["early"] = json.loads((run.folder / "result.json").read_text())
            seen["run"] = run
            return Report(
                numbers={"baselines": run.baselines, "steps": -1},
                said="one line",
                files={"own.txt": lambda path: path.write_text("own")},
                tables=[("a table", "its text")],
            )

    config = Config(name="mean", train=TrainConfig(epochs=2, seeds=3, seed=5))
    summary = Reported.from_config(config).run(tmp_path)
    run = seen["run"]
    assert isinstance(run, Finished) and run.model.mean.shape == (2,)
    assert run.result.model.mean.shape == (3, 2)
    assert list(seen["early"])[:9] == list(summary)[:9] == [
        "name", "valid", "test", "weights", "best_epoch", "epochs", "steps", "seconds",
        "parameters",
    ]  # fmt: skip
    assert seen["early"]["steps"] == 2 and summary["steps"] == -1
    assert summary["parameters"] == 2 and len(summary["test"]["loss_members"]) == 3
    saved = json.loads((tmp_path / "result.json").read_text())
    assert saved.keys() - summary.keys() == {"environment"}
    assert saved["baselines"] == {"zero": 1.0} and saved["test"] == summary["test"]
    assert (tmp_path / "own.txt").read_text() == "own"
    assert "its text" in (tmp_path / "report.html").read_text()
    assert "\none line\nreport: " in capsys.readouterr().out


def test_without_a_report_of_its_own_a_task_has_the_common_one(
    tmp_path, standard_promotion
):
    config = Config(name="mean", train=TrainConfig(epochs=1))
    summary = MeanExperiment(config).run(tmp_path)
    assert len(summary) == 9 and summary["parameters"] == 2
    assert (tmp_path / "report.html").is_file()


def test_what_a_task_cannot_do_is_one_line():
    made = MeanExperiment(Config())
    line = "task=mean reads no new data: MeanExperiment says nothing of it."
    with pytest.raises(NotImplementedError, match=line):
        made.read("a.txt", Prep(2), labelled=True)
    with pytest.raises(NotImplementedError, match="task=mean predicts nothing of new"):
        made.predict(None, np.ones(2), Prep(2))


def test_an_experiment_must_say_what_it_is():
    class Half(Experiment):
        def load(self):
            return Loaded(None, {})

    with pytest.raises(TypeError, match="make_model"):
        Half(Config())


@of_tasks("classify")
def test_texts_of_a_file_get_a_class(made, tmp_path):
    path, prep = tmp_path / "new.txt", made.data.prep
    path.write_text("good\tfilm number 3\nbad\ta film\n")
    known = made.read(path, prep, labelled=True)
    assert known.labels.tolist() == [1, 0]
    assert [prep.vocab.symbols[n] for n in known.sequences[1]] == ["<unk>", "film"]
    path.write_text("film number 3\n\na film\n")
    with pytest.raises(ValueError, match=r"new\.txt, line 2 is empty: leave it out"):
        made.read(path, prep, labelled=False)
    path.write_text("film number 3\na film\n")
    new = made.read(path, prep, labelled=False)
    model = draw(made, prep, 0)
    rows = list(made.predict(model, new, prep))
    logits = np.concatenate(
        [model(jnp.asarray(ids)[:, None], None) for ids in new.sequences]
    )
    sure = np.asarray(jax.nn.softmax(logits))
    assert [row["class"] for row in rows] == [prep.classes[n] for n in sure.argmax(1)]
    np.testing.assert_allclose([r["probability"] for r in rows], sure.max(1), rtol=1e-5)


@of_tasks("tagging")
def test_words_of_a_file_get_tags(made, tmp_path):
    path, prep = tmp_path / "new.txt", made.data.prep
    path.write_text("The dog\n\nCats\n")
    new = made.read(path, prep, labelled=False)
    model = draw(made, prep, 0)
    rows = list(made.predict(model, new, prep))
    assert [row["words"] for row in rows] == [["The", "dog"], ["Cats"]]
    task = made.task(made.data, {})
    known = task.tag(model, made.data.train.numbers[:1]).tags
    assert rows[0]["tags"] == list(task.names(known)[0])  # the same two words
    path.write_text("The DT\ndog XX\n")
    with pytest.raises(ValueError, match="XX"):
        made.read(path, prep, labelled=True)


@of_tasks("forecast")
def test_a_table_is_forecast_beyond_its_end_or_over_all_of_it(made, tmp_path):
    path, prep = tmp_path / "new.csv", made.data.prep
    path.write_text("day,sold\n" + "".join(f"2025-01-0{n},{n}\n" for n in range(1, 9)))
    model = draw(made, prep, 0)
    ahead = list(made.predict(model, made.read(path, prep, labelled=False), prep))
    assert [row["when"] for row in ahead] == ["2025-01-09", "2025-01-10"]
    assert {row["column"] for row in ahead} == {"sold"}
    assert all(row["low"] <= row["forecast"] <= row["high"] for row in ahead)
    known = made.read(path, prep, labelled=True)
    rows = list(made.predict(model, known, prep))
    assert [row["when"] for row in rows] == ["2025-01-07", "2025-01-08"]
    inputs = jnp.asarray(prep.scaler.scale(np.arange(1.0, 7)[:, None]), jnp.float32)
    middle = model.quantiles(inputs[:, None], jax.random.key(0))
    level = list(model.levels).index(0.5)
    wanted = prep.scaler.unscale(np.asarray(middle[level, :, 0], np.float64)).ravel()
    np.testing.assert_allclose([r["forecast"] for r in rows], wanted, rtol=1e-5)
    path.write_text("day,sold\n2025-01-01,1\n2025-01-02,2\n2025-01-03,3\n")
    with pytest.raises(ValueError, match="has 3 rows, the model looks at 6: give more"):
        made.read(path, prep, labelled=False)


@of_tasks("music")
def test_a_piece_of_a_file_is_gone_on_with(made, tmp_path):
    roll, prep = np.zeros((5, 88), np.uint8), made.data.prep
    roll[:, 39] = 1
    write_midi(tmp_path / "new.mid", roll)
    new = made.read(tmp_path / "new.mid", prep, labelled=False)
    np.testing.assert_array_equal(new[0], roll)
    model = draw(made, prep, 0)
    model.out.bias[...] = jnp.full(88, -20.0).at[39].set(20.0)
    assert list(made.predict(model, new, prep)) == [{"C4": 1.0}]
