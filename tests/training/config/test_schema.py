"""Plain mappings become dataclasses; what is wrong with them is one line."""

import dataclasses
from dataclasses import dataclass
from typing import Literal

import pytest

from jlstm.data import CorpusConfig
from jlstm.tasks.language.model import LanguageConfig, LanguageDropout
from jlstm.tasks.language.objective import StreamConfig
from jlstm.training.config.schema import build, defaults, dotted_keys, plain
from jlstm.training.config.stack import StackConfig
from jlstm.training.config.train import OptimizerConfig, ScheduleConfig, TrainConfig


@dataclass(frozen=True)
class Inner:
    size: int = 3
    rates: tuple[float, ...] = (0.5,)
    label: str | None = None

    def __post_init__(self):
        if self.size < 1:
            raise ValueError(f"inner.size is {self.size}; give 1 or more.")


@dataclass(frozen=True)
class Outer:
    steps: int
    inner: Inner
    kind: Literal["plain", "fancy"] = "plain"
    scale: float = 1.0
    deep: bool = False
    limit: float | None = None


def refusal(mapping, cls=Outer, where=""):
    with pytest.raises(ValueError) as caught:
        build(cls, mapping, where)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def whole(**changes):
    return {"steps": 1, "inner": {}, **changes}


def test_values_reach_their_fields():
    inner = {"size": 5, "rates": [1, 0.25], "label": "a"}
    built = build(Outer, whole(inner=inner, kind="fancy", deep=True, limit=2))
    assert built == Outer(1, Inner(5, (1.0, 0.25), "a"), "fancy", 1.0, True, 2.0)
    assert isinstance(built.limit, float) and isinstance(built.inner.rates[0], float)


@pytest.mark.parametrize(
    "config",
    [
        LanguageConfig(
            StackConfig(hidden_sizes=(8,)), dropout=LanguageDropout(input=0.5)
        ),
        OptimizerConfig("adam", 1e-3, clip=None),
        ScheduleConfig("step", 4),
        TrainConfig(epochs=3, reset_carry="never"),
        StreamConfig(reduction="sum_time"),
        CorpusConfig(name="text", path="a.txt", level="word"),
        Outer(2, Inner(rates=())),
    ],
)
def test_plain_and_build_are_inverse(config):
    assert build(type(config), plain(config)) == config


@pytest.mark.parametrize(
    "cls", [LanguageConfig, OptimizerConfig, TrainConfig, StreamConfig, CorpusConfig]
)
def test_defaults_are_those_of_the_dataclass(cls):
    assert build(cls, defaults(cls)) == cls()
    assert build(cls, {}) == cls()


def test_a_field_without_default_is_left_out_of_defaults_and_demanded():
    assert "steps" not in defaults(Outer)
    assert defaults(Outer)["inner"] == {"size": 3, "rates": [0.5], "label": None}
    assert refusal({"inner": {}}) == "steps is missing: give a value."


def test_dotted_keys_name_every_level():
    assert dotted_keys(Outer, "run")[:5] == (
        "run.steps",
        "run.inner",
        "run.inner.size",
        "run.inner.rates",
        "run.inner.label",
    )


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"stepps": 1}, "There is no key stepps: did you mean steps?"),
        (
            {"inner": {"sizes": 1}},
            "There is no key inner.sizes: did you mean inner.size?",
        ),
        ({"size": 1}, "There is no key size: did you mean inner.size?"),
        ({"inner": {"scale": 1}}, "There is no key inner.scale: did you mean scale?"),
        ({"inner": {"x": 1}}, "There is no key inner.x: inner has size, rates, label."),
        ({"inner": 3}, "inner is 3 (int); give keys and values."),
        ({"inner": None}, "inner is None; give keys and values."),
    ],
)
def test_wrong_keys(mapping, message):
    assert refusal(mapping) == message


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"steps": True}, "steps is True (bool); give a whole number."),
        ({"steps": 1.0}, "steps is 1.0 (float); give a whole number."),
        ({"steps": "1"}, "steps is '1' (str); give a whole number."),
        ({"scale": True}, "scale is True (bool); give a finite number."),
        ({"scale": "much"}, "scale is 'much' (str); give a finite number."),
        ({"scale": float("nan")}, "scale is nan; give a finite number."),
        ({"scale": None}, "scale is None; give a finite number."),
        ({"deep": 1}, "deep is 1 (int); give True or False."),
        ({"deep": "yes"}, "deep is 'yes' (str); give True or False."),
        ({"limit": [1]}, "limit is [1] (list); give a finite number or None."),
        ({"kind": "fance"}, "kind is 'fance'; choose one of plain, fancy. "
         "Did you mean fancy?"),
        ({"kind": 7}, "kind is 7 (int); choose one of plain, fancy."),
        ({"inner": {"rates": 0.5}}, "inner.rates is 0.5 (float); give a tuple or "
         "list with a finite number in each place."),
        ({"inner": {"rates": [0.5, "x"]}}, "inner.rates[1] is 'x' (str); give a finite "
         "number."),
        ({"inner": {"label": 5}}, "inner.label is 5 (int); give text in quotes or "
         "None."),
    ],
)  # fmt: skip
def test_wrong_types(mapping, message):
    assert refusal(whole(**mapping)) == message


def test_a_number_that_yaml_reads_as_text_is_a_float():
    assert build(OptimizerConfig, {"learning_rate": "1e-3"}).learning_rate == 1e-3


@pytest.mark.parametrize(
    ("cls", "where", "mapping", "message"),
    [
        # The message of a range check names its parent, a field, or only the group;
        # the full key stands there once in each case.
        (Outer, "", whole(inner={"size": 0}), "inner.size is 0; give 1 or more."),
        (Outer, "a", whole(inner={"size": 0}), "a.inner.size is 0; give 1 or more."),
        (TrainConfig, "train", {"epochs": 0}, "train.epochs is 0; give a positive "
         "integer."),
        (
            StreamConfig, "stream", {"window": 0},
            "stream.window is 0; give a positive integer.",
        ),
        (LanguageConfig, "model", {"dropout": {"hidden": 1.5}},
         "model.dropout.hidden is 1.5; give a probability in [0, 1)."),
        (LanguageConfig, "model", {"stack": {"init_scale": 0}},
         "model.stack.init_scale is 0.0; give a positive number."),
        (CorpusConfig, "data", {"valid_fraction": 3}, "data.valid_fraction is 3.0; "
         "give a share between 0 and 1, both excluded."),
    ],
)  # fmt: skip
def test_values_out_of_range_name_the_key_once(cls, where, mapping, message):
    assert refusal(mapping, cls, where) == message


def test_the_default_of_a_field_may_come_from_a_factory():
    @dataclass(frozen=True)
    class Made:
        sizes: tuple[int, ...] = dataclasses.field(default_factory=lambda: (1, 2))

    assert defaults(Made) == {"sizes": [1, 2]}
