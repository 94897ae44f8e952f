"""A run is a model: it is loaded without its data, moved, and used on new data."""

import hashlib
import json
import shutil
import wave
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jlstm.tasks import TASKS
from jlstm.tasks.runs import load_run
from jlstm.training.config.schema import plain
from jlstm.training.config.train import OptimizerConfig, TrainConfig
from jlstm.training.model_folder import ModelFolderError, begin_model, write_weights
from jlstm.training.tree_io import leaves_to_numpy
from tests.quick import quick
from tests.tasks.small import small
from tests.training.test_experiment import Config, MeanExperiment

NEW = {"classify": ["film number 3", "a film"], "tagging": "The dog\n\nCats\n"}


def saved(task, folder, monkeypatch, which="best", **options):
    """Return an untrained model of a task, and the folder of a run that has it."""
    made = small(task, folder, monkeypatch, **options)
    model = made.make_model(made.data.prep, nnx.Rngs(jax.random.key(3)))
    run = folder / "run"
    run.mkdir()
    begin_model(run / "model", plain(made.config), made.data.prep)
    write_weights(run / "model", model, which)
    return made, model, run


def assert_equal(one, other):
    leaves = leaves_to_numpy(one), leaves_to_numpy(other)
    assert leaves[0].keys() == leaves[1].keys()
    for name, array in leaves[0].items():
        np.testing.assert_array_equal(array, leaves[1][name])


@pytest.mark.parametrize("task", quick(sorted(TASKS, key="music".__ne__), 1))
def test_a_model_comes_back_without_its_data(task, tmp_path, monkeypatch):
    made, model, run = saved(task, tmp_path, monkeypatch)
    for path in tmp_path.glob("a.*"):
        path.unlink()  # what it was trained on
    moved = shutil.move(run / "model", tmp_path / "sent")
    found = load_run(moved)
    assert_equal(found.model, model)
    assert found.config == made.config
    assert json.loads((moved / "prep.json").read_text()) is not None
    sizes = sum(path.stat().st_size for path in moved.iterdir())
    weights = sum(leaf.nbytes for leaf in jax.tree.leaves(model))
    assert sizes < 2 * weights + 20_000  # of names, configuration and vocabulary


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of two seeds: the first epoch is its best, the second goes too far."""
    folder = tmp_path_factory.mktemp("run")
    train = TrainConfig(epochs=2, seeds=2, keep=1)
    optimizer = OptimizerConfig("sgd", learning_rate=2.5, clip=None)
    made = MeanExperiment(Config(train=train, optimizer=optimizer))
    with jax.numpy_dtype_promotion("standard"), jax.debug_key_reuse(False):
        return folder, made.fit(folder)


def test_the_weights_that_were_scored_are_in_the_model(trained):
    folder, run = trained
    assert_equal(load_run(folder, experiment=MeanExperiment).model, run.model)
    assert_equal(load_run(folder / "model", experiment=MeanExperiment).model, run.model)


def test_other_weights_come_from_the_checkpoints(trained, tmp_path):
    folder, run = trained
    last = load_run(folder, "last", experiment=MeanExperiment).model
    np.testing.assert_allclose(run.model.mean[...], [2.5, 5.0])
    np.testing.assert_allclose(last.mean[...], [-1.25, -2.5])
    alone = shutil.copytree(folder / "model", tmp_path / "model")
    with pytest.raises(
        FileNotFoundError, match=r'the best weights only, .* load with weights="best"'
    ):
        load_run(alone, "last", experiment=MeanExperiment)


def test_a_run_that_was_cut_off_has_the_weights_of_its_checkpoints(trained, tmp_path):
    folder, run = trained
    cut = shutil.copytree(folder, tmp_path / "cut")
    (cut / "model" / "weights.safetensors").unlink()
    assert_equal(load_run(cut, experiment=MeanExperiment).model, run.model)
    shutil.rmtree(cut / "checkpoints")
    with pytest.raises(FileNotFoundError, match=r"no weights yet, .* resume the run"):
        load_run(cut, experiment=MeanExperiment)


def test_averaged_weights_are_those_that_were_scored(tmp_path):
    train = TrainConfig(epochs=3, average="nt_asgd", average_patience=0, keep=1)
    with jax.numpy_dtype_promotion("standard"), jax.debug_key_reuse(False):
        run = MeanExperiment(Config(train=train)).fit(tmp_path)
    (tmp_path / "model" / "weights.safetensors").unlink()
    found = load_run(tmp_path, "last", experiment=MeanExperiment).model
    assert_equal(found, run.result.model)


DAMAGE = {
    "config.yaml": lambda path: path.write_text("task: classify\n"),
    "prep.json": lambda path: path.unlink(),
    "prep.safetensors": lambda path: path.write_bytes(b""),
    "about.json": lambda path: path.write_text("{"),
    "weights.safetensors": lambda path: path.write_bytes(
        path.read_bytes()[:-1] + b"\x7f"
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_file_is_named(name, tmp_path, monkeypatch):
    _, _, run = saved("music", tmp_path, monkeypatch)
    DAMAGE[name](run / "model" / name)
    with pytest.raises(ModelFolderError, match=f"{name} is missing or not what was"):
        load_run(run)


def test_a_newer_format_is_refused(tmp_path, monkeypatch):
    _, _, run = saved("music", tmp_path, monkeypatch)
    path = run / "model" / "about.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
    with pytest.raises(ModelFolderError, match="format 99, which a newer jlstm"):
        load_run(run)


def test_weights_of_another_model_are_refused(tmp_path, monkeypatch):
    made, _, run = saved("music", tmp_path, monkeypatch)
    stack = replace(made.config.model.stack, hidden_sizes=(4,))
    other = replace(made.config, model=replace(made.config.model, stack=stack))
    begin_model(run / "model", plain(other), made.data.prep)
    with pytest.raises(ModelFolderError, match=r"where the model has .* of shape"):
        load_run(run)


def test_weights_of_another_run_are_refused(tmp_path, monkeypatch):
    made, model, run = saved("classify", tmp_path, monkeypatch)
    other = replace(made.data.prep, classes=made.data.prep.classes[::-1])
    begin_model(tmp_path / "other", plain(made.config), other)
    write_weights(tmp_path / "other", model, "best")
    name = "weights.safetensors"
    shutil.copy(tmp_path / "other" / name, run / "model" / name)
    with pytest.raises(ModelFolderError, match=r"is of another run than prep\.json"):
        load_run(run)


def test_a_model_next_to_the_checkpoints_of_another_run_leaves_them(trained, tmp_path):
    folder, _ = trained
    shutil.copytree(folder, tmp_path / "run")
    alone = shutil.copytree(folder / "model", tmp_path / "run" / "renamed")
    with pytest.raises(FileNotFoundError, match="no checkpoints are next to it: copy"):
        load_run(alone, "last", experiment=MeanExperiment)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("which", ["latest", None])
def test_weights_are_best_or_last(which, tmp_path):
    with pytest.raises(ValueError, match=r"weights is .*; give 'best' or 'last'"):
        load_run(tmp_path, which)


def test_values_of_the_environment_are_not_shown(tmp_path, monkeypatch):
    made = small("classify", tmp_path, monkeypatch)
    config = plain(made.config)
    config["train"]["epochs"] = "${oc.env:EPOCHS_OF_MINE}"
    begin_model(tmp_path / "model", config, made.data.prep)
    monkeypatch.setenv("EPOCHS_OF_MINE", "a-secret-word")
    with pytest.raises(ValueError, match=r"train\.epochs is ") as wrong:
        load_run(tmp_path)
    assert "a-secret-word" not in str(wrong.value)
    monkeypatch.delenv("EPOCHS_OF_MINE")
    with pytest.raises(ValueError, match="'EPOCHS_OF_MINE' not found"):
        load_run(tmp_path)


def test_a_path_of_the_data_may_use_a_variable_that_is_not_set(tmp_path, monkeypatch):
    made, model, run = saved("classify", tmp_path, monkeypatch)
    config = plain(made.config)
    config["data"]["path"] = "${oc.env:FOLDER_OF_MINE}/a.tsv"
    begin_model(run / "model", config, made.data.prep)
    write_weights(run / "model", model, "best")
    monkeypatch.delenv("FOLDER_OF_MINE", raising=False)
    found = load_run(run)
    assert_equal(found.model, model)
    assert found.config.data.path == "${oc.env:FOLDER_OF_MINE}/a.tsv"
    monkeypatch.setenv("FOLDER_OF_MINE", "texts")
    assert load_run(run).config.data.path == "texts/a.tsv"


def test_new_data_may_be_read_otherwise(tmp_path, monkeypatch):
    _, _, run = saved("forecast", tmp_path, monkeypatch)
    new = tmp_path / "new.csv"
    days = [f"2024-03-{day:02},{day}" for day in range(1, 12) if day != 5]
    new.write_text("\n".join(["day,sold", *days]) + "\n")
    found = load_run(run)
    with pytest.raises(ValueError, match=r"rows are missing.*set data\.gaps=fill"):
        found.predict(new)
    rows = list(found.reading(gaps="fill").predict(new))
    assert [row["when"] for row in rows] == ["2024-03-12", "2024-03-13"]
    with pytest.raises(ValueError, match=r"no key data\.gap: did you mean data\.gaps"):
        found.reading(gap="fill")


NOT_A_RUN = {
    "nothing": (lambda folder: folder / "none", FileNotFoundError, "no folder .*none"),
    "another folder": (lambda folder: folder, ModelFolderError, "not the folder of a"),
    "runs": (lambda folder: of_runs(folder), ModelFolderError, r"2 run\(s\): .*/one"),
    "never begun": (lambda folder: begun(folder), ModelFolderError, "without model/"),
}


def of_runs(folder):
    for name in ("one", "a/two"):
        (folder / name / "model").mkdir(parents=True)
        (folder / name / "model" / "about.json").write_text("{}")
    return folder


def begun(folder):
    (folder / "starts.jsonl").write_text("{}")
    return folder


@pytest.mark.parametrize("what", NOT_A_RUN)
def test_what_is_no_run_is_said(what, tmp_path):
    place, error, said = NOT_A_RUN[what]
    with pytest.raises(error, match=said):
        load_run(place(tmp_path))


def test_what_a_task_does_not_have_is_said(tmp_path, monkeypatch):
    _, _, run = saved("classify", tmp_path, monkeypatch)
    found = load_run(run)
    assert found.classes == ("bad", "good") and "film" in found.vocab.index
    with pytest.raises(AttributeError, match="no scaler; its prep has classes, vocab"):
        found.scaler  # noqa: B018


@pytest.mark.long
def test_texts_as_values_and_as_a_file_are_answered_alike(tmp_path, monkeypatch):
    _, _, run = saved("classify", tmp_path, monkeypatch)
    found, texts = load_run(run), ["film number 3", "a film"]
    path = tmp_path / "new.txt"
    path.write_text("\n".join(texts))
    rows = list(found.predict(texts))
    assert rows == list(found.predict(path)) == list(found.predict(str(path)))
    assert [row["text"] for row in rows] == texts
    known = tmp_path / "known.tsv"
    known.write_text("".join(f"{row['class']}\t{row['text']}\n" for row in rows * 2))
    assert found.score(known)["accuracy"] == 1.0


@pytest.mark.long
def test_a_language_model_continues_and_scores(tmp_path, monkeypatch):
    _, model, run = saved("language", tmp_path, monkeypatch)
    found = load_run(run)
    rows = list(found.predict(["to be"]))
    assert [row["temperature"] for row in rows] == [0.5, 0.8, 1.0]
    assert all(len(row["text"]) == found.config.sample.length for row in rows)
    text = "to be or not\n"
    ids = (
        found.vocab.encode(text)[:12].reshape(2, 6).T
    )  # as stream.test_batch=2 cuts it
    ids = jnp.asarray(ids, jnp.int32)
    _, hs = model.features(ids[:-1], model.init_carry((2,)))
    wanted = float(model.nll(hs, ids[1:]).mean())
    (tmp_path / "new.txt").write_text(text)
    assert found.score(str(tmp_path / "new.txt"))["loss"] == pytest.approx(wanted, 1e-5)
    assert found.score([text.strip()])["loss"] == pytest.approx(wanted, 1e-5)
    with pytest.raises(ValueError, match="text 2: The char 'X' is not among"):
        found.predict(["to", "beX"])


@pytest.mark.long
def test_sentences_are_translated_and_scored(tmp_path, monkeypatch):
    _, _, run = saved("translation", tmp_path, monkeypatch)
    found = load_run(run)
    rows = list(found.predict(["Ein Hund.", "Zwei Hunde."]))
    assert [row["source"] for row in rows] == ["ein hund .", "zwei hunde ."]
    scores = found.score((["Ein Hund."], ["A dog."]))
    assert scores["perplexity"] == pytest.approx(np.exp(scores["loss"]))
    assert 0 <= scores["bleu"] <= 100
    with pytest.raises(ValueError, match="1 sentences and 2 translations"):
        found.score((["Ein Hund."], ["A dog.", "Two."]))
    with pytest.raises(ValueError, match="give a pair"):
        found.score(["Ein Hund."])


@pytest.mark.parametrize("text", ["Ein Hu@@ nd.", "Zwei Hunde@@", "\u2581Ein Hund"])
def test_text_that_is_cut_into_pieces_is_refused(text, tmp_path, monkeypatch):
    made = small("translation", tmp_path, monkeypatch)
    with pytest.raises(ValueError, match=r"text 2 has '.*', a piece of a word: join"):
        made.read(["a@@b @@ c", text], made.data.prep, labelled=False)
    with pytest.raises(ValueError, match="text 1 has"):
        made.read((["Ein Hund."], [text]), made.data.prep, labelled=True)


@pytest.mark.slow
def test_a_translator_on_pieces_cuts_new_words_as_its_run_did(tmp_path, monkeypatch):
    pytest.importorskip("tokenizers")
    made, _, run = saved("translation", tmp_path, monkeypatch, units="bpe")
    prep, test = made.data.prep, made.data.parts["test_2016_flickr"]
    assert len(test.sources[1]) > len(test.source_words[1])  # there are pieces
    found = load_run(shutil.move(run / "model", tmp_path / "sent"))
    texts = ["Ein Hund.", "Zwei Hunde rennen."]
    new = found.experiment.read(texts, found.prep, labelled=False)
    for own, wanted in zip(new.sources, test.sources, strict=True):
        np.testing.assert_array_equal(own, wanted)
    rows = list(found.predict(texts))
    assert [row["source"] for row in rows] == ["ein hund .", "zwei hunde rennen ."]
    assert not any("</w>" in row["translation"] for row in rows)
    given = found.experiment.read(
        (texts, ["A dog.", "Two dogs run."]), prep, labelled=True
    )
    for own, wanted in zip(given.targets, test.targets, strict=True):
        np.testing.assert_array_equal(own, wanted)
    old = prep._replace(source_pieces=None, target_pieces=None)
    with pytest.raises(ValueError, match="before the pieces of words were kept"):
        found.experiment.read(texts, old, labelled=False)


def record(path, seed):
    noise = np.random.default_rng(seed).integers(-9_000, 9_000, 900, np.int16)
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", ""))
        file.writeframes(noise.tobytes())


@pytest.mark.long
def test_recordings_are_classified(tmp_path, monkeypatch):
    _, _, run = saved("speech", tmp_path, monkeypatch)
    found, new = load_run(run), tmp_path / "new"
    for seed in range(3):
        record(new / f"{seed}.wav", seed)
    rows = list(found.predict(new))
    assert [row["file"] for row in rows] == [str(new / f"{n}.wav") for n in range(3)]
    assert list(found.predict(new / "1.wav")) == rows[1:2]
    for n, row in enumerate(rows):
        record(tmp_path / "known" / row["class"] / f"{n}.wav", n)
        record(tmp_path / "known" / "ab"[row["class"] == "a"] / f"x{n}.wav", n)
    assert found.score(tmp_path / "known")["accuracy"] == 0.5
    with pytest.raises(FileNotFoundError, match="give a recording or a folder"):
        found.predict(tmp_path / "none.wav")


@pytest.mark.parametrize("task", quick(["memory", "ctc"], 2))
def test_what_reads_no_file_says_so(task, tmp_path, monkeypatch):
    _, _, run = saved(task, tmp_path, monkeypatch)
    with pytest.raises(NotImplementedError, match=f"task={task}"):
        load_run(run).predict("a.txt")


def test_a_configuration_with_aliases_is_refused(tmp_path, monkeypatch):
    """A few lines of them can stand for more than a memory holds."""
    _, _, run = saved("music", tmp_path, monkeypatch)
    config, about = (run / "model" / name for name in ("config.yaml", "about.json"))
    config.write_text("a: &a [1, 2]\nb: [*a, *a]\n")
    said = json.loads(about.read_text())
    said["sha256"]["config.yaml"] = hashlib.sha256(config.read_bytes()).hexdigest()
    about.write_text(json.dumps(said))
    with pytest.raises(ValueError, match=r"config\.yaml is not YAML"):
        load_run(run)
