"""What ``docs/howto-use.md`` shows works, from a user's files to answers."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import jlstm
from jlstm.cli.main import main
from tests.pages import ROOT, blocks
from tests.tasks.test_runs import record

PAGE = ROOT / "docs" / "howto-use.md"
SMALL = ["train.epochs=1", "model.stack.hidden_sizes=[4]"]
DAYS = np.datetime64("2024-01-01") + np.arange(400)
SERIES = [f"{day},{n % 7 + n / 99:.3f}" for n, day in enumerate(DAYS)]
TEXTS = "".join(
    f"{'good' if n % 2 else 'bad'}\tfilm number {n % 5}\n" for n in range(40)
)
TAGGED = "1\tThe\tthe\tDET\n2\tdog\tdog\tNOUN\n\n1\tCats\tcat\tNOUN\n\n" * 4
TEXT = "to be or not to be, that is the question:\n" * 80


def write_files(folder):
    """Write the files that the page names."""
    files = {
        "sales.csv": "\n".join(["day,sold", *SERIES]),
        "newest.csv": "\n".join(["day,sold", *SERIES[-200:]]),
        "train.tsv": TEXTS, "test.tsv": TEXTS, "new.txt": "film number 1\na film\n",
        "train.conllu": TAGGED, "dev.conllu": TAGGED, "sentences.txt": "The dog\n",
        "book.txt": TEXT, "prompts.txt": "to be\nor\n",
    }  # fmt: skip
    for name, text in files.items():
        (folder / name).write_text(text)
    for seed in range(12):
        record(folder / "words" / ("yes", "no")[seed % 2] / f"{seed}.wav", seed)


def answer_over_http(folder, new):
    """Return what a server answers to the file that `jlstm predict` was given."""
    reason = "what serves comes with jlstm[serve]"
    pytest.importorskip("fastapi", reason=reason)
    from fastapi.testclient import TestClient

    from jlstm.cli.serving.app import make_app

    with TestClient(make_app(jlstm.load_run(folder))) as client:
        if new.is_dir():  # a server reads one recording
            new = min(new.iterdir())
        route = f"/predict/file?name={new.name}"
        return client.post(route, content=new.read_bytes()).json()["rows"]


@pytest.fixture
def used(tmp_path, monkeypatch, capsys):
    """Run the commands of a block; return its run's folder and what was printed."""
    write_files(tmp_path)
    monkeypatch.chdir(tmp_path)

    def run_block(block):
        printed, folder = [], None
        for line in re.findall(r"^\$ jlstm (.*)$", block, re.MULTILINE):
            words = shlex.split(line.replace("RUN", str(folder)))
            words += SMALL if words[0] == "run" else []
            if words[0] == "predict":
                new = words[2]
            if words[0] == "serve":
                printed.append(answer_over_http(words[1], Path(new)))
                continue
            assert main(words) == 0, capsys.readouterr().err
            printed.append(capsys.readouterr().out)
            folder = folder or re.search(r"run folder: (\S+)", printed[0])[1]
        return tmp_path / folder, printed

    return run_block


ANSWERS = {
    "sales.csv": lambda said: "3 row(s)" in said,
    "train.tsv": lambda said: {"text", "class", "probability"} <= keys_of(said),
    "data.path=words": lambda said: len(said.splitlines()) == 6,
    "train.conllu": lambda said: "1 row(s)" in said,
    "book.txt": lambda said: len(said.splitlines()) == 6,
}
BLOCKS = {
    name: next(block for block in blocks(PAGE, "console") if name in block)
    for name in ANSWERS
}


def keys_of(printed):
    return set(json.loads(printed.splitlines()[0]))


def test_every_block_is_run():
    assert sorted(BLOCKS.values()) == sorted(blocks(PAGE, "console"))


@pytest.mark.usefixtures("user_defaults")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.long if n == 1 else pytest.mark.slow)
        for n, name in enumerate(ANSWERS)
    ],
)
def test_from_a_file_to_answers(name, used, tmp_path):
    folder, (_, predicted, scored, served) = used(BLOCKS[name])
    assert ANSWERS[name](predicted), predicted
    assert "loss" in scored
    assert served and all(isinstance(row, dict) for row in served)
    assert (folder / "model" / "weights.safetensors").is_file()
    if name == "train.tsv":
        (block,) = blocks(PAGE)
        names = {"folder": folder}
        exec(compile(block, PAGE.name, "exec"), names)
        assert jlstm.load_run is names["jlstm"].load_run
        assert f"accuracy {names['scores']['accuracy']:.4f}" in scored
        assert names["rows"][0]["text"] == "a fine film"
