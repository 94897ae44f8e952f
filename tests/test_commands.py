"""Every command on a page can be given: programs, flags, experiments and keys exist."""

import importlib.util
import re
import shlex
import tomllib

import pytest

import dev
from jlstm.cli import launch
from jlstm.cli import run as launcher
from jlstm.cli.compose import check_overrides, compose_run
from jlstm.cli.config_files import options as options_of
from jlstm.cli.main import COMMANDS
from jlstm.tasks import TASKS, find_task
from jlstm.training.config.schema import build
from tests.pages import FRAGMENT, ROOT, blocks, commands, name_of, pages

PAGE_OF = {line: name_of(path) for path in pages() for line in commands(path)}
EXPERIMENTS = options_of("experiment")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
# What a reader puts in place of a word, by that word.
SAMPLES = {
    "experiment=NAME": "experiment=demo",
    "data.strings.least=…": "train.seed=1",
    "model.stack.cell=my_cells.FastGRNNCell": "model.stack.cell=GRUCell",
}
WRONG_ON_PURPOSE = "experiment=ptb_small model.stack.hiden_sizes=[650,650]"


def check_launcher(*arguments):
    """Compose what the launcher is asked for, and check the value of every key."""
    options = launch._parser().parse_intermixed_args(arguments)
    # Launchers and sweepers of Hydra are plugins; they are tried by hand.
    own = [text for text in options.overrides if not text.startswith(("hydra", "+hyd"))]
    given = [SAMPLES.get(text, text) for text in own]
    if options.help or (given and given[0].startswith("resume=")):
        return
    if len(given) == 1 and given[0].removeprefix("experiment=") in EXPERIMENTS:
        return  # tests/cli/test_configs.py composes each
    mapping = compose_run(first_of_each(given))
    build(find_task(mapping["task"]).Config, mapping)


def first_of_each(overrides):
    """Return overrides with the first value of each that a sweep would go through."""
    firsts = []
    for text, one in zip(overrides, check_overrides(overrides), strict=True):
        if not one.is_sweep_override():
            firsts.append(text)
        elif one.is_discrete_sweep() and "glob(" not in text:
            value = next(iter(one.sweep_string_iterator()))
            firsts.append(f"{one.get_key_element()}={value}")
    return firsts


def check_keys(text):
    """Check keys that stand alone: those that name data or an experiment compose."""
    given = [SAMPLES.get(word, word) for word in text.removeprefix("-m ").split()]
    if given[0].startswith(("resume=", "resume.force=")):
        return
    if {"experiment", "data", "task"} & {word.partition("=")[0] for word in given}:
        compose_run(first_of_each(given))
    else:
        check_keys_of_some_task(given)


def check_keys_of_some_task(given):
    """Raise ValueError where no task has all of the keys."""
    for task in TASKS:
        try:
            return first_of_each([f"task={task}", *given])
        except ValueError as error:
            wrong = error
    raise wrong


def check_dev(*arguments):
    """Check a command of dev.py and the set that ``setup`` prepares."""
    words = list(arguments)
    if words[0] == "--venv":
        words = words[2:]
    command, *rest = words
    assert command in dev.COMMANDS
    if command == "setup":
        assert set(rest) <= set(dev.SETS)
    elif command == "test":
        check_pytest(*rest)
    else:
        assert all(word in dev.__doc__ for word in rest if word.startswith("--"))


def check_pytest(*words):
    """Check that the files and the markers that pytest is given exist."""
    options = {"--all", "--collect-only", "-q", "-m", "-k", "-n"}
    assert {word for word in words if word.startswith("-")} <= options, words
    paths = [word for word in words if word.startswith("tests/")]
    assert all((ROOT / path).exists() for path in paths), paths
    if "-m" in words:
        markers = " ".join(PROJECT["tool"]["pytest"]["ini_options"]["markers"])
        assert words[words.index("-m") + 1].removeprefix("not ") in markers


def check_pip(*words):
    """Check that the extras exist which pip is to install."""
    assert words[0] == "install"
    named = re.findall(r"\.\[(.*)\]", " ".join(words))
    extras = PROJECT["project"]["optional-dependencies"]
    assert set(",".join(named).split(",")) - {""} <= set(extras)


def check_script(path, *words):
    """Check that a script is there and knows each option that it is given."""
    text = path.read_text("utf-8")
    if path.is_relative_to(ROOT / "benchmarks"):  # the options of all stand together
        text = "".join(one.read_text("utf-8") for one in path.parent.glob("*.py"))
    if path.name == "__init__.py":  # `-m` runs what lies next to it
        text += path.with_name("__main__.py").read_text("utf-8")
    for word in words:
        name = word.removeprefix("--")
        assert name == word or f'"{word}"' in text or f'"{name}"' in text, word


def check_python(*words):
    """Check a script or a module that Python is to run."""
    first, *rest = words
    if first == "dev.py":
        return check_dev(*rest)
    if first == "experiments/run.py":
        return check_launcher(*rest)
    if first == "-m" and rest[0] in KNOWN:
        return KNOWN[rest[0]](*rest[1:])
    if first == "-m":
        module = importlib.util.find_spec(rest[0])
        return check_script(type(ROOT)(module.origin), *rest[1:])
    return check_script(ROOT / first, *rest)


def check_jlstm(command, *words):
    """Check a command of jlstm itself."""
    assert command in COMMANDS
    if command in ("run", "sweep"):
        return check_launcher(*["-m"][: command == "sweep"], *words)
    files = (ROOT / "src/jlstm/cli").glob("*.py")
    text = "".join(path.read_text("utf-8") for path in files)
    flags = [word for word in words if word.startswith("--")]
    assert all(f'"{flag}"' in text for flag in flags), flags
    return None


KNOWN = {
    "pip": check_pip,
    "pytest": check_pytest,
    "git": lambda *_: None,
    "jlstm": check_jlstm,
}


def check(command):
    """Raise AssertionError or ValueError for a command that cannot be given."""
    if FRAGMENT.fullmatch(command):
        return check_keys(command)
    words = shlex.split(command.partition(" | ")[0])
    while re.match(r"[A-Z_]+=", words[0]):
        del words[0]
    program, *rest = words
    name = program.rpartition("/")[2]
    return KNOWN.get(name, check_python)(*rest)


@pytest.mark.long
@pytest.mark.parametrize("command", PAGE_OF)
def test_a_command_can_be_given(command):
    if WRONG_ON_PURPOSE in command:
        with pytest.raises(ValueError, match="There is no key model"):
            check(command)
    else:
        check(command)


def test_there_are_many_commands():
    assert len(PAGE_OF) > 140 and len(set(PAGE_OF.values())) > 20


@pytest.mark.parametrize(
    "command",
    [
        "python3 dev.py tset",
        "python3 dev.py setup all",
        "python3 dev.py lint --mend",
        "python3 dev.py test tests/lwas",
        'pip install -e ".[notebok]"',
        "python experiments/none.py",
        "jlstm compare a b --outt c",
        "jlstm trian experiment=demo",
        "jlstm run experiment=demmo",
        "jlstm sweep train.epochs=x,y",
        "jlstm run experiment=demmo",
        "jlstm run experiment=demo train.epoch=1",
        "jlstm run experiment=demo train.epochs=many",
        "jlstm sweep experiment=demo train.epochs=x,y",
        "jlstm run --halp",
        "python -m benchmarks.layers --modus x",
        "python -m benchmarks.nothing",
        'pytest -m "not fast"',
        "data=tekst",
        "model.cel=gru",
    ],
)
def test_a_wrong_command_is_found(command):
    with pytest.raises((ValueError, AssertionError, OSError, AttributeError)):
        check(command)


def test_the_readme_shows_what_a_wrong_key_gets(capsys):
    console = blocks(ROOT / "README.md", "console")[-1]
    command, said = re.search(r"^\$ (.*hiden.*)\n(error: .*)$", console, re.M).groups()
    assert launcher.main(shlex.split(command)[2:]) == 2
    assert capsys.readouterr().err == said + "\n"
