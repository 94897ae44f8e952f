"""What a run leaves: logs, configurations, checkpoints and models, and sealed fakes.

A file with a digest of itself would be refused for that alone. So half of the spoiled
ones get a digest that fits, as from somebody who means harm.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from flax import nnx

from jlstm.cli.comparison.runs import read_runs
from jlstm.data import Vocab
from jlstm.tasks import find_task
from jlstm.tasks.language.export import load_model, save_model
from jlstm.tasks.language.model import LanguageConfig
from jlstm.tasks.runs import load_run
from jlstm.training.config.schema import plain
from jlstm.training.config.stack import StackConfig
from jlstm.training.log import read_metrics
from jlstm.training.model_folder import begin_model, write_weights
from jlstm.training.position import read_position
from jlstm.training.starts import read_starts
from jlstm.training.stored import pack, read_checkpoint, write_checkpoint
from jlstm.training.yaml_file import read_yaml
from tests.fuzz.reader import Reader

CONFIG = (
    b"task: language\nname: a\ntrain:\n  epochs: 2\n  loggers: []\nmodel:\n  x: 0.5\n"
)
TAGGED = b"task: !!python/object/apply:os.system ['touch canary']\nname: a\n"
ALIASES = b"a: &a [1, 1]\nb: &b [*a, *a]\nc: [*b, *b]\n"
LOG = b"".join(
    b'{"kind": "%s", "step": %d, "loss": 1.5, "epoch": 1, "rate": "NaN"}\n' % row
    for row in ((b"train", 1), (b"valid", 2), (b"train", 3))
)
START = {"time": "", "overrides": ["a=1"], "config": {"task": "language"}, "values": {}}
RESULT = b'{"valid": {"loss": 1.5}, "test": {"loss": "NaN"}, "seconds": 1.0}'
STATE = {"w": np.arange(6, dtype=np.float32), "n": np.int32(3)}
PLACE = {"epoch": 2, "batch": 1, "step": 9, "best": 1.5, "losses": [1.5]}


def logs() -> Iterator[Reader]:
    """Yield readers of configurations and logs."""
    config = {"config.yaml": CONFIG, "b.yaml": TAGGED, "c.yaml": ALIASES}
    yield Reader("config.yaml", config, read_yaml, share=0.3)
    yield Reader(
        "metrics.jsonl", {"metrics.jsonl": LOG}, lambda p: read_metrics(p.parent)
    )
    start = json.dumps(START).encode()
    yield Reader("starts.jsonl", {"starts.jsonl": start}, _starts)
    run = {"config.yaml": CONFIG, "metrics.jsonl": LOG, "result.json": RESULT,
           "starts.jsonl": start}  # fmt: skip
    yield Reader("compared run", run, lambda path: _compared(path, run), share=0.5)


def checkpoints() -> Iterator[Reader]:
    """Yield the reader of checkpoints, by each of their files."""
    saved = _tree_of(lambda folder: write_checkpoint(folder, pack("1", STATE, PLACE)))

    def read(path: Path) -> Any:
        folder = _copied(saved, path, "1")
        if path.name == "position.json" and _even(path):
            (folder / "position.json").write_bytes(_sealed(path.read_bytes(), "record"))
        state, position = read_checkpoint(folder, STATE, lambda line: None)
        return state, read_position(position)

    record = json.dumps(json.loads(saved["position.json"])["record"]).encode()
    yield Reader("position.json", {"position.json": record}, read, share=0.3)
    whole = {name: content for name, content in saved.items() if content}
    flat = {name.replace("/", "+"): content for name, content in whole.items()}
    yield Reader("checkpoint", flat, read, share=0.3)


def models() -> Iterator[Reader]:
    """Yield the reader of a model's folder, by each of its files."""
    saved = _tree_of(_write_model)

    def read(path: Path) -> Any:
        folder = _copied(saved, path, "model")
        if path.name != "about.json" and _even(path):
            about = json.loads(saved["about.json"])
            about["sha256"][path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
            (folder / "about.json").write_text(json.dumps(about))
        return load_run(folder)

    yield Reader("model folder", saved, read, share=0.2)
    network = LanguageConfig(StackConfig("RNNCell", hidden_sizes=(3,)))
    vocab = Vocab.from_text("to be or not", "char")
    own = network.make(len(vocab), nnx.Rngs(0)), vocab
    npz = next(iter(_tree_of(lambda folder: _exported(folder, *own)).values()))
    yield Reader("language model", {"a.npz": npz}, load_model, share=0.3)


def _write_model(folder: Path) -> None:
    kind = find_task("classify")
    made = kind(replace(kind.Config(), task="classify"))
    vocab = Vocab.from_text("the cat sat on the mat <unk>", "word")
    prep = kind.Prep(classes=("bad", "good"), vocab=vocab)
    begin_model(folder, plain(made.config), prep)
    write_weights(folder, made.make_model(prep, nnx.Rngs(0)), "best")


def _exported(folder: Path, *own: Any) -> None:
    folder.mkdir()
    save_model(folder / "a.npz", *own)


def _tree_of(write: Any) -> dict[str, bytes]:
    """Return the files that are written below a folder, by their paths."""
    with tempfile.TemporaryDirectory() as top:
        folder = Path(top) / "1"
        write(folder)
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def _copied(files: dict[str, bytes], spoiled: Path, name: str) -> Path:
    """Write files next to a spoiled one, which takes the place of its own."""
    folder = spoiled.parent / "whole" / name
    own = spoiled.name.replace("+", "/")
    for each, content in files.items():
        place = folder / each
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(spoiled.read_bytes() if each == own else content)
    return folder


def _starts(path: Path) -> Any:
    if _even(path):
        path.write_bytes(_sealed(path.read_bytes(), "start"))
    return read_starts(path.parent)


def _compared(path: Path, files: dict[str, bytes]) -> Any:
    folder = _copied(files, path, "run")
    if path.name == "starts.jsonl":
        path = folder / path.name
        path.write_bytes(_sealed(path.read_bytes(), "start"))
    try:
        return read_runs([folder], lambda line: None)
    finally:
        shutil.rmtree(folder)


def _even(path: Path) -> bool:
    return path.stat().st_size % 2 == 0


def _sealed(content: bytes, key: str) -> bytes:
    """Return content under a digest of itself, as it is if it is no JSON."""
    try:
        inner = json.loads(content)
        text = json.dumps(inner)
    except (ValueError, RecursionError):
        return content
    digest = hashlib.sha256(text.encode()).hexdigest()
    return json.dumps({"sha256": digest, key: inner}).encode()
