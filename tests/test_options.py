"""Options of somebody else: checked for free, and never broken by it."""

import copy
import dataclasses
import pickle
import timeit
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm._internal.options import Limit, Options, Size
from tests.messages import message_of

pytestmark = pytest.mark.usefixtures("unchecked")


@dataclass(frozen=True, repr=False)
class Leaky(jlstm.RNNCell):
    """A cell of a user with options of its own and no check."""

    leak: Annotated[float, Limit("a share in (0, 1]", lambda x: 0 < x <= 1)] = 0.5
    kind: Literal["in", "out"] = "in"
    sizes: tuple[int, int] = (1, 2)
    free: Any = None
    array: np.ndarray | None = None
    later: "NeverDefined" = None  # noqa: F821
    text: "int | None" = None


@dataclass(frozen=True, repr=False)
class OwnCheck(jlstm.RNNCell):
    """It compares its fields and does not ask the base class."""

    low: float = 0.0
    high: float = 1.0

    def __post_init__(self):
        if not self.low < self.high:
            raise ValueError("OwnCheck: low is not below high.")


class Mixin:
    """Brings a ``__post_init__`` and knows nothing of options."""

    def __post_init__(self):
        object.__setattr__(self, "seen", True)


@dataclass(frozen=True, repr=False)
class Mixed(Mixin, jlstm.RNNCell):
    depth: Size = 1


@dataclass(frozen=True, slots=True)
class Slotted(Options):
    rate: float = 0.5


@dataclass
class Open(Options):
    """Not frozen, with what a caller gives only to its ``__post_init__``."""

    size: int
    more: dataclasses.InitVar[int] = 0
    total: int = dataclasses.field(init=False, default=0)

    def __post_init__(self, more):
        self.total = self.size + more


class Renamed(jlstm.LSTMCell):
    """A subclass that is no dataclass of its own."""


@pytest.mark.parametrize(
    ("make", "error", "line"),
    [
        (lambda: Leaky(0), ValueError, "Leaky: hidden_size is 0; give a positive "
         "integer."),
        (lambda: Leaky(3, leak=2), ValueError, "Leaky: leak is 2.0; give a share in "
         "(0, 1]."),
        (lambda: Leaky(3, leak="2"), TypeError, "Leaky: leak is '2' (str); give a "
         "share in (0, 1]."),
        (lambda: Leaky(3, kind="inn"), ValueError, "Leaky: kind is 'inn'; choose one "
         "of in, out. Did you mean in?"),
        (lambda: Leaky(3, sizes=(1,)), ValueError, "Leaky: sizes is (1,); give a "
         "tuple of 2."),
        (lambda: Leaky(3, sizes=(1, "a")), TypeError, "Leaky: sizes[1] is 'a' (str); "
         "give a whole number."),
        (lambda: Leaky(3, text="a"), TypeError, "Leaky: text is 'a' (str); give a "
         "whole number or None."),
        (lambda: Leaky(3, use_bias=1), TypeError, "Leaky: use_bias is 1 (int); give "
         "True or False."),
        (lambda: OwnCheck(3, high=None), TypeError, "OwnCheck: high is None; give a "
         "finite number."),
        (lambda: OwnCheck(3, low=1.0, high=0.5), ValueError, "OwnCheck: low is not "
         "below high."),
        (lambda: OwnCheck(-3), ValueError, "OwnCheck: hidden_size is -3; give a "
         "positive integer."),
        (lambda: Mixed(3, depth=0), ValueError, "Mixed: depth is 0; give a positive "
         "integer."),
        (lambda: Slotted(None), TypeError, "Slotted: rate is None; give a finite "
         "number."),
        (lambda: Open(1.5), TypeError, "Open: size is 1.5 (float); give a whole "
         "number."),
        (lambda: Renamed(True), TypeError, "Renamed: hidden_size is True (bool); give "
         "a positive integer."),
        (lambda: jlstm.LSTMCell(4, w_ih_init=jlstm.initializers.Glorot), TypeError,
         "LSTMCell: w_ih_init is the class Glorot; give an Initializer or one for each "
         "gate in a tuple: make one by Glorot(...)."),
        (lambda: jlstm.LSTMCell(4, jnp.ones(())), TypeError, "LSTMCell: forget_bias "
         "is the array f64[]; give a finite number or a Chrono. Its .item() is a "
         "plain number."),
        (lambda: jlstm.LSTMCell(4, 1e300), ValueError, "LSTMCell: forget_bias is "
         "1e+300, beyond what float32 can hold; give a finite number or a Chrono."),
        (lambda: jlstm.LSTMCell(2**31), ValueError, "LSTMCell: hidden_size is "
         "2147483648, beyond 2147483647; give a positive integer."),
        (lambda: jlstm.Zoneout(jlstm.LSTMCell), TypeError, "Zoneout: cell is the "
         "class LSTMCell; give a Cell: make one by LSTMCell(...)."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line(make, error, line):
    assert message_of(error, make) == line


def test_what_an_annotation_does_not_say_is_left_alone():
    value = [1, object()]
    cell = Leaky(3, free=value, array=value, later=value)
    assert cell.free is cell.array is cell.later is value


def test_a_function_without_hash_is_refused():
    @dataclass
    class Scale:
        by: float

        def __call__(self, z):
            return self.by * z

    line = message_of(ValueError, lambda: jlstm.RNNCell(3, activation=Scale(2.0)))
    assert "Scale(by=2.0), which has no hash; choose one of tanh" in line


def test_a_traced_number_is_no_option():
    @jax.jit
    def run(bias):
        return jlstm.LSTMCell(3, bias).init_carry()

    line = message_of(TypeError, lambda: run(1.0))
    assert line.startswith("LSTMCell: forget_bias is the traced f64[], but an option")


def test_the_own_check_comes_after_and_once():
    assert Mixed(np.int64(3)).seen and type(Mixed(np.int64(3)).hidden_size) is int
    opened = Open(np.int8(2), 3)
    assert (opened.size, opened.total) == (2, 5)


@pytest.mark.parametrize(
    "one",
    [Leaky(3, leak=0.25), OwnCheck(3), Mixed(3, depth=2), Slotted(0.25)],
    ids=repr,
)
def test_options_are_values(one):
    assert one == copy.deepcopy(one) == pickle.loads(pickle.dumps(one))
    assert one == dataclasses.replace(one) and hash(one) == hash(copy.copy(one))


def test_a_missing_argument_is_named_by_python():
    with pytest.raises(TypeError, match="missing a required argument: 'input_size'"):
        jlstm.LSTMCell(3).init(jax.random.key(0))


def test_a_gate_initialiser_says_what_it_wants():
    glorot = jlstm.initializers.Glorot()
    line = message_of(ValueError, lambda: glorot(jax.random.key(0), (8, 2, 4)))
    assert line == (
        "Glorot: shape is (8, 2, 4); give (rows, columns). For several gates: "
        "init_gates(Glorot(), key, gates, (rows, columns), dtype)."
    )


def test_making_a_cell_takes_microseconds():
    def make():
        return jlstm.LSTMCell(16, 2.0, activation="relu", cell_clip=3.0)

    make()
    assert min(timeit.repeat(make, number=100, repeat=5)) / 100 < 1e-3
