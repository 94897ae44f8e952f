"""Numbers out of range in losses, decoders and metrics: refused, or never too good."""

import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm.analysis.ablation import unit_ablation
from jlstm.analysis.gradients import gradients_by_lag
from jlstm.analysis.jacobian import step_jacobians
from jlstm.analysis.lyapunov import lyapunov_exponents
from jlstm.analysis.traces import named_traces
from jlstm.decoding import ctc_beam_decode, ctc_greedy_decode
from jlstm.decoding.beam import Search, beam_search, greedy_search
from jlstm.decoding.sample import PLAIN, Sampling, generate, restrict, sample
from jlstm.losses import linear_nll, reduce_tokens, token_nll
from jlstm.losses.crf import (
    CRFParams,
    crf_decode,
    crf_marginals,
    crf_nll,
    crf_normalizer,
    init_crf,
)
from jlstm.losses.ctc import ctc_loss
from jlstm.masking import last_output, prepend, resets_from_dones, resets_from_segments
from jlstm.metrics import edit_distance, error_rate
from jlstm.metrics.chunks import chunks_of
from jlstm.metrics.forecast import (
    ForecastTally,
    at_level,
    crps_gaussian,
    crps_quantiles,
    crps_samples,
    pinball,
)
from jlstm.regularizers import activation_penalty, dropout, max_norm
from tests.messages import message_of

pytestmark = pytest.mark.usefixtures("standard_promotion", "unchecked", "plain_keys")
T, B, V = 6, 2, 5
RNG = np.random.default_rng(0)
LOGITS = jnp.asarray(RNG.normal(size=(T, B, V)))
FLAT = CRFParams(*(jnp.asarray(RNG.normal(size=s)) for s in ((V, V), V, V)))
TAGS = np.array(RNG.integers(V, size=(T, B)))


def put(values, number, row=0, step=1):
    """Return values with one number out of range, in one row."""
    changed = values.copy()
    changed[step, row] = number
    return changed


LOSSES = {
    "token_nll": (lambda targets: token_nll(LOGITS, targets)[1], TAGS),
    "crf_nll": (lambda tags: crf_nll(FLAT, LOGITS, tags), TAGS),
    "ctc_loss": (lambda targets: ctc_loss(LOGITS, targets), TAGS[:3] % 4 + 1),
}


@pytest.mark.long
@pytest.mark.parametrize("number", [-1, -100, V, V + 1, 2**31 - 1])
@pytest.mark.parametrize("name", ["crf_nll", "ctc_loss"])
def test_a_class_that_does_not_exist_is_refused_and_nan_under_jit(name, number):
    loss, targets = LOSSES[name]
    wrong = put(targets, number)
    text = message_of(ValueError, lambda: loss(wrong))
    low, high = min(number, targets.min()), max(number, targets.max())
    assert re.match(rf"t\w+ go from -?\d+ to \d+; give 0 to {V - 1}: ", text)
    assert str(low if number < 0 else high) in text
    run = jax.jit(loss)
    found = run(jnp.asarray(wrong))
    assert np.isnan(found[0])
    right = run(jnp.asarray(targets))
    np.testing.assert_allclose(found[1], right[1], rtol=1e-9)
    assert np.isfinite(right).all()


@pytest.mark.parametrize("name", ["token_nll", "crf_nll", "ctc_loss"])
def test_the_gradient_of_a_row_next_to_a_broken_one_stays_finite(name):
    losses = {
        "token_nll": lambda xs, ys: token_nll(xs, ys),
        "crf_nll": lambda xs, ys: crf_nll(FLAT, xs, ys),
        "ctc_loss": lambda xs, ys: ctc_loss(xs, ys),
    }
    wrong = jnp.asarray(put(LOSSES[name][1], V))
    grad = jax.jit(jax.grad(lambda xs, ys: losses[name](xs, ys)[..., 1].sum()))
    found = np.asarray(grad(LOGITS, wrong))
    assert np.isfinite(found).all() and found[:, 1].any()


@pytest.mark.slow
@pytest.mark.parametrize("pad", [-1, -100])
def test_negative_numbers_at_the_end_of_a_target_pad_it(pad):
    targets = jnp.array([[1, 2], [2, 3], [3, pad]])
    sizes = jnp.array([3, 2])
    wanted = ctc_loss(LOGITS, jnp.array([[1, 2], [2, 3], [3, 4]]), None, sizes)
    for run in (ctc_loss, jax.jit(ctc_loss)):
        np.testing.assert_allclose(run(LOGITS, targets), wanted, rtol=1e-9)
        np.testing.assert_allclose(run(LOGITS, targets, None, sizes), wanted, rtol=1e-9)
    nothing = jnp.full((2, B), pad)
    blanks = -jax.nn.log_softmax(LOGITS)[..., 0].sum(0)
    np.testing.assert_allclose(ctc_loss(LOGITS, nothing), blanks, rtol=1e-6)


def test_the_blank_inside_a_target_is_never_too_good_under_jit():
    wrong = jnp.array([[1, 2], [0, 3]])
    assert np.isnan(jax.jit(ctc_loss)(LOGITS, wrong)).tolist() == [True, False]


def step(carry, token):
    return carry, jax.nn.one_hot((token + 1) % V, V)


FIRST = jnp.array([2, 0])
ONES = np.ones(4)
KEY = 0


def draw(length, sampling=PLAIN):
    return generate(step, (), LOGITS[0], length, jax.random.key(KEY), sampling)


def complex_of(init):
    return jax.tree.map(lambda leaf: leaf.astype(complex), init())


def unroll_of(xs, change=lambda init: init()):
    cell = jlstm.RNNCell(2)
    params = change(lambda: cell.init(jax.random.key(KEY), 2))
    return jlstm.unroll(cell, params, xs)


@pytest.mark.long
def test_what_is_empty_is_no_error():
    """No symbol in a target is all blanks; no row has no beams."""
    blanks = -jax.nn.log_softmax(LOGITS)[..., 0].sum(0)
    np.testing.assert_allclose(ctc_loss(LOGITS, TAGS[:0]), blanks, rtol=1e-6)
    assert beam_search(step, (), FIRST[:0], 4, Search(2)).tokens.shape == (60, 0, 2)


@pytest.mark.slow
def test_arrays_of_numpy_make_no_warning_where_64_bits_are_off():
    scores, tags = np.asarray(LOGITS), TAGS
    with jax.enable_x64(False):
        flat = CRFParams(*(jnp.asarray(leaf, "float32") for leaf in FLAT))
        for found in (
            ctc_loss(scores, tags[:2] % 4 + 1),
            crf_nll(flat, scores, tags),
            crf_decode(flat, scores).scores,
            prepend(scores[0], scores),
        ):
            assert found.dtype == "float32" and np.isfinite(found).all()


REFUSED = {
    "nll of lists": (lambda: token_nll([[1.0]], TAGS), TypeError, "logits is a list;"),
    "nll of integers": (
        lambda: token_nll(jnp.ones((T, B, V), int), TAGS),
        TypeError,
        "logits has dtype int64; give floats.",
    ),
    "nll of float targets": (
        lambda: token_nll(LOGITS, jnp.ones((T, B))),
        TypeError,
        "targets has dtype float64; give integers.",
    ),
    "nll of other targets": (
        lambda: token_nll(LOGITS, TAGS[:, :1]),
        ValueError,
        "targets has shape (6, 1); give one for each row of logits, of shape (6, 2).",
    ),
    "nll without classes": (
        lambda: token_nll(LOGITS[..., :0], TAGS),
        ValueError,
        "logits has shape (6, 2, 0); give classes on the last axis, with a class",
    ),
    "no token": (
        lambda: reduce_tokens(jnp.ones((0, 2)), "mean"),
        ValueError,
        "reduce_tokens: nll has shape (0, 2); give one token at least, time first.",
    ),
    "no reduction": (
        lambda: reduce_tokens(jnp.ones((1, 2)), "sum"),
        ValueError,
        "reduce_tokens: reduction is 'sum'; choose mean or sum_time.",
    ),
    "crf of float tags": (
        lambda: crf_nll(FLAT, LOGITS, TAGS * 1.0),
        TypeError,
        "tags has dtype float64; give integers.",
    ),
    "crf of other tags": (
        lambda: crf_nll(FLAT, LOGITS, TAGS.T),
        ValueError,
        "tags has shape (2, 6); give one per step and row, of shape (6, 2).",
    ),
    "crf of no step": (
        lambda: crf_decode(FLAT, LOGITS[:0]),
        ValueError,
        "scores has shape (0, 2, 5); give (t, *batch, tags), a step at least.",
    ),
    "crf of other scores": (
        lambda: crf_normalizer(FLAT, LOGITS[..., :4]),
        ValueError,
        "scores has shape (6, 2, 4); the transitions are of 5 tags",
    ),
    "crf longer than it is": (
        lambda: crf_nll(FLAT, LOGITS, TAGS, jnp.array([7, 0])),
        ValueError,
        "lengths go from 0 to 7; give 0 to 6: there are 6 steps.",
    ),
    "crf of negative length": (
        lambda: crf_marginals(FLAT, LOGITS, jnp.array([-1, 0])),
        ValueError,
        "lengths go from -1 to 0; give 0 to 6",
    ),
    "crf of lengths of lists": (
        lambda: crf_decode(FLAT, LOGITS, [1, 2]),
        TypeError,
        "lengths is a list; give an array.",
    ),
    "ctc of one row": (
        lambda: ctc_loss(LOGITS[:, 0], TAGS),
        ValueError,
        "logits has shape (6, 5); give 3 axes, with a class at least.",
    ),
    "ctc of other rows": (
        lambda: ctc_loss(LOGITS, TAGS.T),
        ValueError,
        "targets has shape (2, 6); give one column per row, of shape (2, 2).",
    ),
    "ctc blank": (
        lambda: ctc_loss(LOGITS, TAGS % 4, blank=V),
        ValueError,
        "blank is 5; give one of the classes 0 to 4.",
    ),
    "ctc lengths": (
        lambda: ctc_loss(LOGITS, TAGS[:1] + 1, jnp.array([7, 1])),
        ValueError,
        "lengths go from 1 to 7; give 0 to 6",
    ),
    "ctc target lengths": (
        lambda: ctc_loss(LOGITS, TAGS[:1] + 1, None, jnp.array([1, 2])),
        ValueError,
        "target_lengths go from 1 to 2; give 0 to 1",
    ),
    "padding inside a target": (
        lambda: ctc_loss(LOGITS, jnp.array([[1, 2], [-1, 1], [3, -1]])),
        ValueError,
        "targets go from -1 to 3; give 0 to 4: pad after the end, or give",
    ),
    "greedy blank": (
        lambda: ctc_greedy_decode(LOGITS, blank=-1),
        ValueError,
        "blank is -1; give one of the classes 0 to 4.",
    ),
    "greedy blank of text": (
        lambda: ctc_greedy_decode(LOGITS, blank="_"),
        TypeError,
        "blank is '_'; give the number of a class.",
    ),
    "greedy lengths": (
        lambda: ctc_greedy_decode(LOGITS, jnp.array([1.0, 2.0])),
        TypeError,
        "lengths has dtype float64; give integers.",
    ),
    "beam lengths": (
        lambda: ctc_beam_decode(LOGITS, jnp.array([9, 2])),
        ValueError,
        "lengths go from 2 to 9; give 0 to 6",
    ),
    "beam of half": (
        lambda: ctc_beam_decode(LOGITS, beam=1.5),
        ValueError,
        "beam is 1.5 and most 6; give 1 or more of each.",
    ),
    "negative length": (
        lambda: draw(-1), ValueError, "length is -1; give a whole number, 0 or more.",
    ),
    "half a length": (
        lambda: draw(1.5), ValueError, "length is 1.5; give a whole number",
    ),
    "no length": (
        lambda: draw(None), ValueError, "length is None; give a whole",
    ),
    "logits of integers": (
        lambda: sample(jnp.ones(3, int), jax.random.key(0)),
        TypeError,
        "logits has dtype int64; give floats.",
    ),
    **{
        f"sampling {sampling}": (
            lambda s=sampling: restrict(LOGITS, s), ValueError, f"{name} is {value}",
        )
        for name, value in [
            ("temperature", -1.0), ("temperature", math.nan), ("temperature", math.inf),
            ("top_k", 0), ("top_k", 1.5), ("top_k", True), ("top_p", 0.0),
            ("top_p", 1.1), ("top_p", math.nan),
        ]
        for sampling in [Sampling(**{name: value})]
    },
    **{
        f"search {search}": (
            lambda s=search: beam_search(step, (), FIRST, 4, s),
            ValueError,
            f"{name} is {value}; give",
        )
        for name, value in [
            ("beams", 0), ("beams", 1.5), ("beams", True), ("limit", 0), ("limit", 2.5),
            ("alpha", -1.0), ("alpha", math.nan), ("alpha", math.inf),
        ]
        for search in [Search(**{name: value})]
    },
    **{
        f"end {end} of {name}": (
            lambda e=end, run=run: run(e),
            ValueError,
            f"end is {end}; step gives logits of the tokens 0 to 4: no",
        )
        for end in (-1, V)
        for name, run in {
            "beam search": lambda e: beam_search(step, (), FIRST, e, Search(2)),
            "greedy search": lambda e: greedy_search(step, (), FIRST, e, 3),
        }.items()
    },
    "first of floats": (
        lambda: greedy_search(step, (), FIRST * 1.0, 4, 3),
        TypeError,
        "first has dtype float64; give integers.",
    ),
    "first of one": (
        lambda: beam_search(step, (), FIRST[None], 4, Search(2)),
        ValueError,
        "first has shape (1, 2); give one token per row, of shape (b,).",
    ),
    "crf of parameters in a dict": (
        lambda: crf_decode(FLAT._asdict(), LOGITS),
        TypeError,
        "params is a dict; give CRFParams, by init_crf.",
    ),
    "crf without a key": (
        lambda: init_crf(None, 3), TypeError, "key is None; give jax.random.key(0).",
    ),
    "ctc of no step": (
        lambda: ctc_loss(LOGITS[:0], TAGS[:0]),
        ValueError,
        "logits has shape (0, 2, 5); give one step at least.",
    ),
    **{
        f"sampling by {wrong!r}": (
            lambda s=wrong: draw(3, s), TypeError, f"sampling is {wrong!r}; give Samp",
        )
        for wrong in (None, 0.5, {"temperature": 1.0})
    },
    **{
        f"{name} as {value!r}": (
            lambda n=name, v=value: draw(3, Sampling(**{n: v})),
            TypeError,
            f"{name} is {value!r}; give a number.",
        )
        for name, value in [("temperature", ""), ("temperature", True), ("top_p", "")]
    },
    **{
        f"drawn by key {key!r}": (
            lambda k=key: generate(step, (), LOGITS[0], 3, k),
            TypeError,
            f"key is {key!r}; give jax.random.key(0)",
        )
        for key in (None, 0)
    },
    "sampled without a key": (
        lambda: sample(LOGITS, None), TypeError, "key is None; give jax.random.key(0)",
    ),
    **{
        f"{name} to {end!r}": (
            lambda e=end, run=run: run(e),
            TypeError,
            f"end is {end!r}; give the number of a token.",
        )
        for end in (1.5, 2.0, True, None, "4")
        for name, run in {
            "beams": lambda e: beam_search(step, (), FIRST, e, Search(2)),
            "greedy": lambda e: greedy_search(step, (), FIRST, e, 3),
        }.items()
    },
    "no search": (
        lambda: beam_search(step, (), FIRST, 4, None),
        TypeError,
        "search is None; give Search().",
    ),
    "first of no row": (
        lambda: beam_search(step, (), jnp.array(0), 4, Search(2)),
        ValueError,
        "first has shape (); give one token per row, of shape (b,).",
    ),
    "first in a list": (
        lambda: greedy_search(step, (), [0, 1], 4, 3),
        TypeError,
        "first is a list; give an array.",
    ),
    "beams whose carry has no rows": (
        lambda: beam_search(step, jnp.zeros(3), FIRST, 4, Search(2)),
        ValueError,
        "carry has a leaf of shape (3,); first has 2 rows: give leaves",
    ),
    "dones in a list": (
        lambda: resets_from_dones([True]), TypeError, "dones is a list; give an array.",
    ),
    "segments without time": (
        lambda: resets_from_segments(jnp.array(1)),
        ValueError,
        "segments has shape (); give time first.",
    ),
    "last of a list": (
        lambda: last_output([[1.0]]), TypeError, "ys is a list; give an array.",
    ),
    "dropout of a list": (
        lambda: dropout([1.0], 0.5, None), TypeError, "x is a list; give an array.",
    ),
    "dropout along no axis": (
        lambda: dropout(LOGITS, 0.5, jax.random.key(KEY), (3,)),
        ValueError,
        "dropout: shared_axes is (3,); x of shape (6, 2, 5) has not all of these",
    ),
    "dropout by a number": (
        lambda: dropout(LOGITS, 0.5, 0), TypeError, "key is 0; give jax.random.key(0)",
    ),
    "dropout of a traced rate": (
        lambda: jax.jit(lambda rate: dropout(LOGITS, rate, None))(0.5),
        TypeError,
        "dropout: rate is traced; give a number, outside of what jax.jit traces.",
    ),
    "penalty of a list": (
        lambda: activation_penalty([1.0]), TypeError, "ys is a list; give an array.",
    ),
    **{
        f"nll tied {tied!r}": (
            lambda t=tied: linear_nll(LOGITS, jnp.ones((V, V)), None, TAGS, tied=t),
            TypeError,
            f"tied is {tied!r}; give True or False.",
        )
        for tied in (None, "yes", 1)
    },
    **{
        f"a sequence of {dtype}": (
            lambda d=dtype: unroll_of(np.ones((3, 2)).astype(d)), TypeError, wanted,
        )
        for dtype, wanted in [
            ("O", "an array of shape (3, 2) has dtype object, which JAX does not know"),
            ("U3", "an array of shape (3, 2) has dtype <U3, which JAX does not know;"),
            (">f4", "an array of shape (3, 2) has dtype >f4, which JAX does not know;"),
            ("g", "an array of shape (3, 2) has dtype float128, which JAX does not"),
        ]
    },
    "parameters that are types": (
        lambda: unroll_of(jnp.ones((3, 2)), jax.eval_shape),
        TypeError,
        "params.w_ih is a ShapeDtypeStruct; give an array.",
    ),
    "parameters of complex numbers": (
        lambda: unroll_of(jnp.ones((3, 2)), complex_of),
        TypeError,
        "params.w_ih has dtype complex128; RNNCell(hidden_size=2) wants float32.",
    ),
    "pinball of a column": (
        lambda: pinball(ONES, ONES[:, None], 0.5),
        ValueError,
        "pinball: predicted has shape (4, 1) and the targets have (4,); give one",
    ),
    "pinball beyond": (
        lambda: pinball(ONES, ONES, 90), ValueError, "pinball: level is 90; give",
    ),
    "pinball of nan": (
        lambda: pinball(ONES, ONES, math.nan), ValueError, "pinball: level is nan",
    ),
    "gaussian of a column": (
        lambda: crps_gaussian(ONES, ONES, ONES[:, None]),
        ValueError,
        "crps_gaussian: std has shape (4, 1) and the targets have (4,)",
    ),
    "gaussian of no width": (
        lambda: crps_gaussian(ONES, ONES, 0 * ONES),
        ValueError,
        "crps_gaussian: std goes down to 0.0; give positive numbers.",
    ),
    "no sample": (
        lambda: crps_samples(ONES, np.ones((0, 4))),
        ValueError,
        "crps_samples: there is no sample; give one at least.",
    ),
    "samples of a column": (
        lambda: crps_samples(ONES, np.ones((3, 4, 1))),
        ValueError,
        "crps_quantiles: quantiles have shape (3, 4, 1); for 3 levels of targets (4,)",
    ),
    "levels that fall": (
        lambda: crps_quantiles(ONES, np.ones((2, 4)), (0.9, 0.1)),
        ValueError,
        "crps_quantiles: level is (0.9, 0.1); give shares between 0 and 1, of several",
    ),
    "a level more": (
        lambda: at_level(np.ones((3, 1)), (0.1, 0.9), 0.5),
        ValueError,
        "at_level: 3 quantiles came for 2 levels; give one for each.",
    ),
    "no level": (
        lambda: ForecastTally(()), ValueError, "ForecastTally: level is (); give share",
    ),
    "an interval of all": (
        lambda: ForecastTally((0.5,), 1.0),
        ValueError,
        "ForecastTally: interval is 1.0; give a share in (0, 1).",
    ),
    "a tally of nothing": (
        lambda: ForecastTally((0.5,)).means(),
        ValueError,
        "ForecastTally: no window was added; there is no mean.",
    ),
    "edits of a number": (
        lambda: edit_distance(3, "a"), TypeError, "The reference is 3; give",
    ),
    "edits of a table": (
        lambda: edit_distance("a", np.ones((2, 2))),
        TypeError,
        "The hypothesis is an array of 2 axes; give one sequence of symbols.",
    ),
    "rate of a text": (
        lambda: error_rate("abc", "abd"),
        TypeError,
        "The references are one text; give a list of sequences.",
    ),
    "chunks of other tags": (
        lambda: chunks_of(("B-NP", "X-NP")),
        ValueError,
        "tag 1 is 'X-NP'; chunks are of the tags O, B-kind and I-kind (IOB)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_out_of_range_is_refused_by_name(what):
    call, error, wanted = REFUSED[what]
    assert message_of(error, call).startswith(wanted)


@pytest.mark.long
def test_no_token_is_drawn_of_length_0():
    carry, tokens = draw(0)
    assert carry == () and tokens.shape == (0, B) and tokens.dtype == jnp.int32
    assert draw(1)[1].shape == (1, B)
    assert jax.jit(lambda: draw(0))()[1].shape == (0, B)


def test_at_temperature_0_the_most_likely_is_left():
    found = restrict(jnp.array([[1.0, 3.0, 3.0], [2.0, 1.0, 0.0]]), Sampling(0.0))
    assert np.isfinite(found).tolist() == [[False, True, False], [True, False, False]]


@pytest.mark.slow
def test_more_beams_than_tokens_find_every_sequence():
    logits = jnp.log(jnp.array([0.7, 0.3]))

    def coin(carry, token):
        return carry, jnp.broadcast_to(logits, (*token.shape, 2))

    found = beam_search(coin, (), jnp.array([0]), 1, Search(beams=7, alpha=0, limit=2))
    alive = np.isfinite(found.scores[0])
    np.testing.assert_allclose(
        np.exp(found.scores[0][alive]), [0.3, 0.21, 0.49], rtol=1e-6
    )
    assert found.finished[0].tolist()[:3] == [True, True, False]


def test_lengths_out_of_range_under_jit_are_held_to_the_steps():
    lengths = jnp.array([T + 3, -2])
    held = jnp.array([T, 0])
    run = jax.jit(lambda n: crf_nll(FLAT, LOGITS, jnp.asarray(TAGS), n))
    np.testing.assert_array_equal(run(lengths), run(held))
    assert run(held)[1] == 0


def test_nan_in_a_forecast_is_nan_in_every_score():
    levels = (0.1, 0.5, 0.9)
    tally = ForecastTally(levels, 0.8)
    targets = np.zeros((1, 2, 1))
    quantiles = np.broadcast_to(
        np.array([-1.0, 0.0, 1.0])[:, None, None, None], (3, 1, 2, 1)
    )
    quantiles = quantiles.copy()
    quantiles[:, 0, 1] = np.nan
    tally.add(targets, quantiles)
    found = tally.by_step()
    assert all(np.isnan(values[1]) for values in found.values())
    assert found["coverage"][0] == 1 and found["width"][0] == 2
    assert np.isnan(pinball(np.array([np.nan]), np.zeros(1), 0.5)).all()


YS = jnp.ones((T, B, 3))
ROWS = {
    "lengths of floats": (
        {"lengths": jnp.ones(B)}, TypeError, "lengths has dtype float64; give integers",
    ),
    "lengths of lists": ({"lengths": [1, 2]}, TypeError, "lengths is a list; give an"),
    "lengths of other rows": (
        {"lengths": jnp.ones(T, int)}, ValueError, "lengths has shape (6,); give one",
    ),
    "lengths too long": (
        {"lengths": jnp.array([1, 7])}, ValueError, "lengths go from 1 to 7; give 0 to",
    ),
    "a mask of numbers": (
        {"mask": jnp.ones((T, B))}, TypeError, "mask has dtype float64; give an array",
    ),
    "a mask of lists": ({"mask": [True]}, TypeError, "mask has dtype list; give an ar"),
    "a mask of other rows": (
        {"mask": jnp.ones((B, T), bool)}, ValueError, "mask has shape (2, 6); give one",
    ),
    "a mask of features": (
        {"mask": jnp.ones((T, B, 3), bool)}, ValueError, "mask has shape (6, 2, 3); gi",
    ),
    "no step": ({"ys": YS[:0]}, ValueError, "ys has shape (0, 2, 3); give one step at"),
}  # fmt: skip


@pytest.mark.parametrize("what", ROWS)
def test_the_rows_of_the_last_output_are_those_of_the_sequence(what):
    arguments, error, wanted = ROWS[what]
    text = message_of(error, lambda: last_output(**{"ys": YS, **arguments}))
    assert text.startswith(wanted)


OTHER = jlstm.GRUCell(3).init(jax.random.key(3), 2)
CELL = jlstm.LSTMCell(3)
ANALYSES = {
    "gradients_by_lag": lambda cell, params, xs: gradients_by_lag(
        cell, params, xs, jnp.ones((B, 3))
    ),
    "step_jacobians": step_jacobians,
    "lyapunov_exponents": lyapunov_exponents,
    "unit_ablation": lambda cell, params, xs: unit_ablation(
        cell, params, xs, lambda ys: ys.sum()
    ),
    "named_traces": named_traces,
}


@pytest.mark.parametrize("name", ANALYSES)
def test_analyses_refuse_what_is_not_of_the_cell(name):
    run, xs = ANALYSES[name], jnp.ones((T, B, 2))
    text = message_of(ValueError, lambda: run(CELL, OTHER, xs))
    assert text.startswith("params are GRUParams(") and "LSTMCell(" in text
    text = message_of(TypeError, lambda: run(CELL, OTHER, [[1.0]]))
    assert text == "xs is a list; give an array."
    with pytest.raises(TypeError, match="cell is the class LSTMCell"):
        run(jlstm.LSTMCell, OTHER, xs)


@pytest.mark.long
def test_a_cotangent_is_of_the_last_output():
    params = CELL.init(jax.random.key(4), 2)
    xs = jnp.ones((T, B, 2))
    text = message_of(
        ValueError, lambda: gradients_by_lag(CELL, params, xs, jnp.ones(3))
    )
    assert text == "cotangent has shape (3,); give that of the last output, (2, 3)."


BROKEN = LOGITS.at[4, 1, 2].set(jnp.nan)
SHORTER = jnp.array([T, 4])  # the NaN is padding


@pytest.mark.parametrize(
    "read",
    [
        ctc_greedy_decode,
        ctc_beam_decode,
        lambda scores, lengths=None: crf_decode(FLAT, scores, lengths),
    ],
    ids=["ctc_greedy_decode", "ctc_beam_decode", "crf_decode"],
)
def test_scores_that_are_nan_are_refused_where_they_count(read):
    assert "NaN in 1 of 12 rows" in message_of(ValueError, lambda: read(BROKEN))
    for found, wanted in zip(read(BROKEN, SHORTER), read(LOGITS, SHORTER), strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("beams", [1, 3])
def test_a_search_whose_logits_become_nan_says_so(beams):
    def decays(carry, token):
        logits = jax.nn.log_softmax(jnp.ones((*token.shape, V)))
        row = jax.lax.broadcasted_iota(jnp.int32, token.shape, 0)
        broken = (row == 1) & (carry >= 2)
        return carry + 1, jnp.where(broken[..., None], jnp.nan, logits)

    def search(first):
        if beams == 1:
            return greedy_search(decays, jnp.zeros(2), first, end=4, limit=5)
        found = beam_search(decays, jnp.zeros(2), first, 4, Search(beams, limit=5))
        return found.tokens[..., 0]

    text = message_of(ValueError, lambda: search(FIRST))
    assert "NaN in 1 of 2 rows, so that none could be drawn" in text
    tokens = jax.jit(search)(FIRST)
    assert (tokens[:, 0] >= 0).all() and (tokens[:, 1] == -1).any()


@pytest.mark.parametrize(
    ("targets", "lengths", "sizes", "short"),
    [
        ([[1, 1], [1, 2], [2, 0]], [4, 2], [3, 2], [False, False]),
        ([[1, 1], [1, 2], [2, 0]], [3, 2], [3, 2], [True, False]),
        ([[1, 1], [1, 2], [2, 0]], [4, 1], [3, 2], [False, True]),
        ([[1, 1], [2, 2], [3, 0]], [0, 0], [0, 0], [False, False]),
        ([[1, 1], [2, 2], [3, 0]], [0, 0], [1, 0], [True, False]),
    ],
)
def test_under_jit_a_row_too_short_for_its_target_has_an_infinite_loss(
    targets, lengths, sizes, short
):
    given = jnp.array(targets), jnp.array(lengths), jnp.array(sizes)
    run = jax.jit(lambda scores: ctc_loss(scores, *given_in_jit(given)))
    found = run(LOGITS)
    assert np.isposinf(found).tolist() == short and not np.isnan(found).any()
    total = jax.jit(jax.grad(lambda s: ctc_loss(s, *given_in_jit(given)).sum()))
    assert np.isfinite(total(LOGITS)).all()


def given_in_jit(values):
    """Hide values from what checks them before it computes."""
    return jax.lax.optimization_barrier(values)


def test_penalties_of_nothing_are_zero_and_norms_of_zero_have_a_gradient():
    assert activation_penalty(jnp.ones((0, 2, 3))) == 0
    cell = jlstm.RNNCell(2)
    params = cell.init(jax.random.key(0), 2)
    for scale in (0.0, 1e-3, 1.0):
        scaled = params._replace(w_hh=scale * params.w_hh)
        grad = jax.grad(lambda p: jnp.sum(max_norm(p, 0.5).w_hh ** 2))(scaled)
        assert np.isfinite(grad.w_hh).all()


@pytest.mark.parametrize(
    ("first", "rest", "said"),
    [
        (np.ones(3), np.ones((5, 2)), "first has shape (3,), its twin in rest (5, 2)"),
        (np.ones(3), np.ones(()), "its twin in rest ()"),
        ((np.ones(3),), np.ones((5, 3)), "give two trees of the same leaves"),
        ({"h": np.ones(3)}, {"c": np.ones((5, 3))}, "give two trees of the same"),
    ],
)
def test_trees_that_do_not_fit_are_not_joined(first, rest, said):
    assert said in message_of(ValueError, lambda: prepend(first, rest))
