"""Every hyper-parameter of everything that has some: a wrong value is refused.

The classes are found by looking, not listed: a new one is tested, or fails for want of
an instance. ``python -m tests.test_hyperparameters`` counts the cases.
"""

import ast
import dataclasses
import importlib
import pickle
import pkgutil
import re
import types
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm import activations, initializers
from jlstm._internal import options
from jlstm._internal.options import Options, hints_of
from jlstm.nnx import attention
from tests.zoo import ALL

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("cells", "wrappers", "layers", "nnx", "data", "training", "tasks")
for package in (importlib.import_module(f"jlstm.{name}") for name in PACKAGES):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)

WORDS = [np.ones(3)]
MADE = (
    *(activations.LeakyReLU(), activations.ThresholdedReLU(), activations.ELU()),
    *(activations.ScaledTanh(), activations.HardSigmoid(), activations.Affine()),
    activations.Clipped("relu", 2.0),
    *(initializers.Constant(), initializers.Uniform(0.1), initializers.Glorot()),
    *(initializers.Between(0.0, 1.0), initializers.HiddenUniform()),
    *(initializers.Orthogonal(), initializers.Identity(), initializers.Chrono(9)),
    *(attention.AdditiveAttention(3), attention.DotAttention()),
    attention.GeneralAttention(),
    jlstm.data.BucketedBatches(WORDS, 2, (4, 10), seed=0),
    jlstm.Recurrent(jlstm.LSTMCell(3)),
)
"""One of each that cannot be made without an argument and has no row in the zoo."""


def subclasses(cls):
    """Yield every class below another, the library's and the experiments' only."""
    for sub in cls.__subclasses__():
        if sub.__module__.partition(".")[0] in ("jlstm", "experiments"):
            yield sub
        yield from subclasses(sub)


def instances():
    """Return an instance of every concrete class of options, by its class."""
    zoo = [part for row in ALL for part in (row.cell, row.layer) if part is not None]
    found = {type(one): one for one in reversed((*zoo, *MADE))}
    for cls in subclasses(Options):
        # What cells share has no name that a user could call it by.
        inner = issubclass(cls, jlstm.Cell) and cls not in vars(jlstm).values()
        if dataclasses.is_dataclass(cls) and cls not in found and not inner:
            found[cls] = cls()
    return found


OWNERS = instances()
UNCHECKED = {("BucketedBatches", "sequences")}
"""What is no hyper-parameter but data."""
FIELDS = [
    (cls, field.name)
    for cls in OWNERS
    for field in dataclasses.fields(cls)
    if field.init and (cls.__name__, field.name) not in UNCHECKED
]
NAMED = sorted(OWNERS, key=lambda cls: (cls.__module__, cls.__name__))

HUGE = {"2**31": 2**31, "-2**31": -(2**31), "10**400": 10**400, "1e300": 1e300}
WRONG = {
    "nan": float("nan"),
    "inf": float("inf"),
    "-inf": float("-inf"),
    "numpy nan": np.float32("nan"),
    "None": None,
    "text": "nonsense",
    "number in text": "3",
    "no text": "",
    "bytes": b"tanh",
    "True": True,
    "False": False,
    "minus one": -1,
    "minus a half": -0.5,
    "zero": 0,
    "zero point": 0.0,
    "one and a half": 1.5,
    **HUGE,
    "complex": 1 + 2j,
    "list": [],
    "list of text": ["a", "b"],
    "list of nan": [float("nan")],
    "list of one": [3],
    "tuple of -1": (-1,),
    "dict": {"a": 1},
    "set": {1},
    "array": np.ones(2),
    "array of one": np.array(1.0),
    "jax array": jnp.ones(2),
    "jax scalar": jnp.asarray(1.0),
    "jax integer": jnp.asarray(1),
    "class": initializers.Glorot,
    "object": object(),
    "date": np.datetime64("2020-01-01"),
}
NUMBERS = {"minus one", "zero", "minus a half", "zero point", "one and a half"}
NUMBERS |= {"-2**31", "2**31"}
FITS: list[tuple[Any, set[str]]] = [
    (options.Size, set()),
    (options.AtLeast2, set()),
    (initializers.ChronoSteps, set()),
    (options.Count, {"zero"}),
    (options.Positive, {"one and a half", "2**31"}),
    (options.NotNegative, {"one and a half", "zero", "zero point", "2**31"}),
    (options.Rate, {"zero", "zero point"}),
    (options.Decay, {"zero", "zero point"}),
    (options.Share, set()),
    (options.Fraction, set()),
    (options.Sizes, {"list of one"}),
    (options.Cuts, {"list", "list of one"}),
    (options.Rising, {"list of one"}),
    (int, {"minus one", "zero"}),
    (float, NUMBERS),
    (bool, {"True", "False"}),
    (str, {"text", "number in text", "no text"}),
    (types.NoneType, {"None"}),
]
"""What of the values above each kind of annotation takes, and nothing else."""
MESH = "data", "fsdp", "model", "replicas"
SPECIAL = {
    ("AugmentConfig", "speeds"): {"list of one"},
    ("ForecasterConfig", "levels"): set(),
    ("SampleConfig", "temperatures"): {"list", "list of one"},
    ("ClassLossConfig", "class_weights"): {"None", "dict"},
    ("ImageStackConfig", "options"): {"dict"},
    ("ImageStackConfig", "wrappers"): {"list", "list of text"},
    ("LogMelConfig", "deltas"): {"zero"},
    **{("MeshConfig", name): {"minus one"} for name in MESH},
    ("OptimizerConfig", "options"): {"dict"},
    ("ScheduleConfig", "options"): {"dict"},
    ("ScheduleConfig", "warmup"): {"zero", "zero point"},
    ("StackConfig", "options"): {"dict"},
    ("TrainConfig", "loggers"): {"list"},
    ("StackConfig", "wrappers"): {"list", "list of text"},
    ("TranslationConfig", "source"): set(),
    ("TranslationConfig", "target"): set(),
}


def fitting(hint):
    """Return the names of the values above that an annotation means."""
    for known, names in FITS:
        if hint is known:
            return names
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return set().union(*map(fitting, get_args(hint)))
    if origin is tuple and get_args(hint)[0] is options.Size:
        return {"list of one", "list"}
    if origin is Annotated:
        wanted = getattr(get_args(hint)[1], "wanted", "")
        return {"list of one"} if wanted.startswith("a tuple of one to") else set()
    if origin is tuple and get_args(hint)[0] is str:
        return {"list", "list of text"}
    # Choices, functions, initialisers, other options, cells: none of the values.
    return set()


def refusal(cls, name, value):
    """Return the line that refuses a value, or None where it is taken."""
    try:
        dataclasses.replace(OWNERS[cls], **{name: value})
    except (TypeError, ValueError) as error:
        return str(error)
    return None


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("cls", NAMED, ids=lambda c: f"{c.__module__}.{c.__name__}")
def test_a_wrong_value_is_refused_in_a_line_that_names_the_field(cls):
    for name in (name for owner, name in FIELDS if owner is cls):
        fits = SPECIAL.get((cls.__name__, name)) or fitting(hints_of(cls)[name])
        for what, value in WRONG.items():
            line = refusal(cls, name, value)
            if line is None:
                assert what in fits, f"{cls.__name__}({name}={what}) is taken"
                continue
            # What concerns several fields may name another of them.
            assert "\n" not in line, f"{name}={what}: {line}"
            assert name in line or line.startswith(f"{cls.__name__}: "), line
            if what not in fits:
                assert line.startswith(f"{cls.__name__}: {name}"), f"{what}: {line}"
                assert len(line) < 400 and line.count("; ") >= 1


TWINS = (
    *(np.int64(1), np.int32(1), np.uint8(1), np.int64(3), np.uint64(3), np.int8(0)),
    *(np.float64(0.5), np.float32(0.5), np.float16(0.5), np.longdouble(0.5)),
    *(np.float32(1), np.float64(3), np.bool_(True), np.str_("tanh")),
)


def scalars(cls, name):
    """Yield what a field makes of plain values, with their twins from numpy."""
    for twin in TWINS:
        plain = float(twin) if isinstance(twin, np.floating) else twin.item()
        try:
            yield dataclasses.replace(OWNERS[cls], **{name: plain}), twin
        except (TypeError, ValueError):
            assert refusal(cls, name, twin) is not None


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("cls", NAMED, ids=lambda c: f"{c.__module__}.{c.__name__}")
def test_a_numpy_scalar_is_the_plain_value(cls):
    for name in (name for owner, name in FIELDS if owner is cls):
        for plain, scalar in scalars(cls, name):
            made = dataclasses.replace(plain, **{name: scalar})
            kept = getattr(made, name)
            assert not isinstance(kept, np.generic) and kept == getattr(plain, name)
            assert repr(made) == repr(plain)
            if cls.__eq__ is not object.__eq__:
                assert made == plain == pickle.loads(pickle.dumps(made))
                assert hash(made) == hash(plain)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("cls", NAMED, ids=lambda c: f"{c.__module__}.{c.__name__}")
def test_every_default_follows_its_own_rule(cls):
    for field in dataclasses.fields(cls):
        rule = options.rule_of(hints_of(cls)[field.name])
        if rule is not None and field.default is not dataclasses.MISSING:
            assert rule.take(field.default, field.name) == field.default


@pytest.mark.long
def test_every_field_has_a_rule():
    unchecked = {
        (cls.__name__, name)
        for cls, name in FIELDS
        if options.rule_of(hints_of(cls)[name]) is None
    }
    assert unchecked == set()


@pytest.mark.long
def test_every_config_is_checked():
    """A dataclass that is called a config, in any file, is one of those tested here."""
    names = set()
    for path in (*ROOT.glob("src/jlstm/**/*.py"), *ROOT.glob("experiments/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and node.name.endswith("Config"):
                made = any("dataclass" in ast.unparse(d) for d in node.decorator_list)
                names |= {node.name} if made else set()
    assert {"OptimizerConfig", "DataConfig", "Config"} <= names
    assert names - {cls.__name__ for cls in OWNERS} == set()


def test_every_public_cell_layer_and_initialiser_is_checked():
    public = [*vars(jlstm).values(), *vars(initializers).values()]
    public += vars(activations).values()
    wanted = {
        one
        for one in public
        if isinstance(one, type)
        and dataclasses.is_dataclass(one)
        and one.__module__.partition(".")[0] == "jlstm"
        and not getattr(one, "__abstractmethods__", None)
    }
    summaries = {"Parameter", "Part", "Summary"}
    assert {one.__name__ for one in wanted - set(OWNERS)} <= summaries


CELLS = {type(row.cell): row for row in reversed(ALL) if row.cell is not None}


def taken(cls):
    """Yield what a cell takes of the wrong values: a cell for each of them."""
    for field in dataclasses.fields(cls):
        for what in sorted(fitting(hints_of(cls)[field.name]) - {"2**31", "-2**31"}):
            if refusal(cls, field.name, WRONG[what]) is None:
                changed = {field.name: WRONG[what]}
                yield changed, dataclasses.replace(OWNERS[cls], **changed)


def cells_that_run():
    """Return the cells of which all that is taken runs in the default tests."""
    few = {jlstm.GRUCell, jlstm.Zoneout}
    for cls, row in CELLS.items():
        marks = [] if cls in few else [pytest.mark.slow]
        yield pytest.param(cls, row, id=cls.__name__, marks=marks)


@pytest.mark.long
@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(("cls", "row"), list(cells_that_run()))
def test_what_is_taken_runs(cls, row):
    """One step from fresh parameters gives finite numbers."""
    for changed, cell in taken(cls):
        shape = (*row.feature_shape[:-1], 2)
        if getattr(cell, "input_shape", None):
            shape = (*cell.input_shape, 2)

        @jax.jit
        def step(cell=cell, shape=shape):
            params = cell.init(jax.random.key(0), 2)
            zx = cell.project(params, jnp.ones(shape, jnp.float32))
            return cell.step(params, cell.init_carry(), zx)[0]

        finite = [bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(step())]
        assert finite and all(finite), changed


ARGUMENTS = {
    "key": [0, 1.5, None, "0", True, [0, 1], jnp.ones(2), jnp.zeros((), jnp.uint32)],
    "input_size": [0, -1, 1.5, True, None, "2", float("nan"), 2**31, 10**400, [2]],
    "dtype": [None, "nonsense", jnp.int32, bool, jnp.complex64, 3],
    "batch_shape": [5, -1, None, "2", (1.5,), (-1,), (True,), ("a",), 2.0, ((1,),)],
}


def arguments(names):
    return [(name, value) for name in names for value in ARGUMENTS[name]]


def argument_refused(call, name):
    """Require a line such as ``LSTMCell: key is 0 ...``; a cell says it for a layer."""
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    line = str(caught.value)
    assert re.match(rf"[A-Za-z]+: {name}(\[0\])? is .+; give .+\.$", line), line


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("row", ALL, ids=lambda row: row.name)
def test_arguments_of_init_and_init_carry_are_checked(row):
    for made in {row.cell, row.layer} - {None}:
        given = {"key": jax.random.key(0), "input_size": row.input_size}
        for name, value in arguments(("key", "input_size", "dtype")):
            argument_refused(partial(made.init, **given | {name: value}), name)
        for name, value in arguments(("batch_shape", "dtype")):
            argument_refused(partial(made.init_carry, **{name: value}), name)


INITIALISERS = [one for one in OWNERS.values() if isinstance(one, initializers.Draw)]


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("init", INITIALISERS, ids=lambda one: type(one).__name__)
def test_arguments_of_an_initialiser_are_checked(init):
    right = {"key": jax.random.key(0), "shape": (2, 3), "dtype": jnp.float32}
    shapes = (3, (0, 3), (-1, 2), (1.5, 2), None, ("a",))
    wrong = [("shape", shape) for shape in shapes]
    for name, value in (*arguments(("key", "dtype")), *wrong):
        argument_refused(partial(init, **right | {name: value}), name)
    drawn = init(right["key"], [np.int64(2), 3])
    assert drawn.shape == (2, 3) and drawn.dtype == jnp.float32


@pytest.mark.usefixtures("unchecked")
def test_numpy_sizes_are_sizes():
    cell = jlstm.LSTMCell(np.int64(3))
    params = cell.init(jax.random.PRNGKey(0), np.int32(2), "float32")
    assert params.w_ih.shape == (2, 4, 3)
    assert cell.init_carry([np.int64(5), 2]).h.shape == (5, 2, 3)


def count():
    """Return how many values are given to how many fields of how many classes."""
    return len(OWNERS), len(FIELDS), len(FIELDS) * len(WRONG)


if __name__ == "__main__":
    print("{} classes, {} fields, {} wrong values given".format(*count()))
