"""SECURITY.md: its promises name tests, and those about models are held here."""

import hashlib
import json
import re
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from flax import nnx

from jlstm.data import Vocab
from jlstm.tasks import TASKS, find_task
from jlstm.tasks.runs import load_run
from jlstm.training.config.schema import plain
from jlstm.training.model_folder import begin_model, write_weights

ROOT = Path(__file__).parents[1]
CANARY = "jlstm_canary_module.thing"
TEXT = "the cat sat on the mat <unk>"
PREPS = {
    "classify": {"classes": ("a", "b"), "vocab": Vocab.from_text(TEXT, "word")},
    "language": {"vocab": Vocab.from_text(TEXT, "char")},
}


@pytest.fixture
def canary(tmp_path, monkeypatch):
    """A module that can be imported, and whose import is seen."""
    (tmp_path / "jlstm_canary_module.py").write_text("def thing(*a, **k): return a\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "jlstm_canary_module"
    sys.modules.pop("jlstm_canary_module", None)


def model_folder(task, folder):
    kind = find_task(task)
    made = kind(replace(kind.Config(), task=task))
    prep = kind.Prep(**PREPS[task])
    begin_model(folder, plain(made.config), prep)
    write_weights(folder, made.make_model(prep, nnx.Rngs(0)), "best")


def places(tree, where=()):
    """Yield where a text could stand in a configuration."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from places(value, (*where, key))
        elif value is None or isinstance(value, str | list):
            yield (*where, key)


def rewritten(folder, config):
    """Write another configuration, with a digest that fits: somebody means harm."""
    content = yaml.safe_dump(config).encode()
    (folder / "config.yaml").write_bytes(content)
    about = json.loads((folder / "about.json").read_text())
    about["sha256"]["config.yaml"] = hashlib.sha256(content).hexdigest()
    (folder / "about.json").write_text(json.dumps(about))


@pytest.mark.long
@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("task", PREPS)
@pytest.mark.parametrize("form", [CANARY, [CANARY], {"_target_": CANARY},
                                  [{"name": CANARY}]], ids=str)  # fmt: skip
def test_no_key_of_a_model_that_is_loaded_imports_a_module(
    task, form, tmp_path, canary
):
    folder = tmp_path / "model"
    model_folder(task, folder)
    whole = yaml.safe_load((folder / "config.yaml").read_text())
    tried = 0
    for *above, key in places(whole):
        config = json.loads(json.dumps(whole))
        level = config
        for name in above:
            level = level[name]
        level[key] = form
        rewritten(folder, config)
        with suppress(ValueError):
            load_run(folder)
        assert canary not in sys.modules, f"{'.'.join([*above, key])} imports it"
        tried += 1
    assert tried > 20


@pytest.mark.usefixtures("unchecked")
def test_a_model_that_is_trusted_does_import(tmp_path, canary):
    """The test above could otherwise not fail."""
    model_folder("language", folder := tmp_path / "model")
    config = yaml.safe_load((folder / "config.yaml").read_text())
    config["model"]["stack"]["cell"] = CANARY
    rewritten(folder, config)
    with pytest.raises(ValueError, match="which is no cell"):
        load_run(folder, trust_code=True)
    assert canary in sys.modules


def test_an_address_that_others_reach_is_warned_about(capsys):
    pytest.importorskip("fastapi", reason="what serves comes with jlstm[serve]")
    from jlstm.cli.serve import _warn

    _warn("127.0.0.1")
    assert capsys.readouterr().err == ""
    _warn("0.0.0.0")
    assert "there is no password" in capsys.readouterr().err


def test_each_task_is_known_by_name_alone():
    assert all("." not in name for name in TASKS)


def test_each_promise_names_a_test_that_exists():
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text)
    assert len(named) > 20
    for path, test in named:
        source = (ROOT / path).read_text("utf-8")
        assert not test or f"def {test}(" in source, f"{path} has no {test}"
