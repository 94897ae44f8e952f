"""The kernel in other dtypes: as near to float64 as the scan is, or nearer."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm._internal.tree import cast
from tests.backends.native.samples import (
    assert_close,
    draw,
    needs_kernel,
    value,
    value_and_grad,
)
from tests.backends.native.test_cells import LEGAL, NOISY, TABLE, sized

pytestmark = needs_kernel


class Dtypes(NamedTuple):
    """Of the parameters, of the input, of the carry."""

    params: str
    xs: str
    carry: str


NARROW = {
    "bfloat16": Dtypes("bfloat16", "bfloat16", "bfloat16"),
    "wide_carry": Dtypes("bfloat16", "bfloat16", "float32"),
    "wide_weights": Dtypes("float32", "bfloat16", "float32"),
    "narrow_weights": Dtypes("bfloat16", "float32", "float32"),
}
ROUNDINGS = 2.0**-7
"""Two of numbers in bfloat16, as of what is given and of what is made."""
QUICK = {
    ("lstm", "narrow_weights"),
    ("gru_before", "wide_weights"),
    ("own", "bfloat16"),
}
NAMES = [name for name in TABLE if name not in NOISY]


def rounded(sample, dtypes):
    """Return a sample of numbers that bfloat16 has, in some dtypes."""
    params, xs, *carries = cast(sample.point, jnp.bfloat16)
    carries = [cast(carry, dtypes.carry) for carry in carries]
    point = sample.point._replace(
        params=cast(params, dtypes.params), xs=xs.astype(dtypes.xs),
        carry=carries[0], fresh=carries[1],
    )  # fmt: skip
    return sample._replace(point=point)


def wide(sample):
    point, weights = cast((sample.point, sample.weights), jnp.float64)
    return sample._replace(point=point, weights=weights)


def errors(made, exact):
    """Return of each leaf by how much it is wrong, relative to its largest number."""
    pairs = zip(jax.tree.leaves(made), jax.tree.leaves(exact), strict=True)
    pairs = ((np.asarray(a, float), np.asarray(b, float)) for a, b in pairs)
    return [np.abs(a - b).max() / max(np.abs(b).max(), 1e-3) for a, b in pairs]


def padded(sample):
    """Where a step does not count the input is no number."""
    xs = jnp.where(sample.live[..., None], sample.point.xs, jnp.nan)
    return sample._replace(point=sample.point._replace(xs=xs))


ALWAYS = (pytest.mark.long, pytest.mark.sanitize)


def cases():
    return [
        pytest.param(
            name, dtypes, id=f"{name}-{dtypes}",
            marks=ALWAYS if (name, dtypes) in QUICK else pytest.mark.slow,
        )
        for name in NAMES
        for dtypes in NARROW
        if name != "own" or dtypes == "bfloat16"  # it casts nothing
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "dtypes"), cases())
def test_narrow_numbers_are_as_near_to_float64_as_those_of_the_scan(name, dtypes):
    cell = sized(TABLE[name], 19)
    drawn = draw(cell, 4, (5,), 3, live=True, resets=True, legal=LEGAL.get(name))
    sample = padded(rounded(drawn, NARROW[dtypes]))
    theirs = value_and_grad("scan", cell, sample, True)
    ours = value_and_grad("native", cell, sample, True)
    assert jax.tree.map(jax.typeof, ours) == jax.tree.map(jax.typeof, theirs)
    exact = value_and_grad("scan", cell, wide(sample), True)
    mine, scans = errors(ours, exact), errors(theirs, exact)
    assert np.mean(mine) <= 1.1 * np.mean(scans)
    for leaf, a, b in zip(jax.tree.leaves(ours), mine, scans, strict=True):
        narrow = jnp.bfloat16 in (leaf.dtype, sample.point.xs.dtype)
        assert a <= max(b, ROUNDINGS if narrow else 1e-5)
    only = value("native", cell, sample, True)
    assert jax.tree.all(jax.tree.map(np.array_equal, only, ours[0]))


WIDE = [*((name, False) for name in NAMES), *((name, True) for name in NOISY)]


@pytest.mark.parametrize(
    ("name", "noisy"),
    [
        pytest.param(
            *case, id=case[0] + "-key" * case[1],
            marks=pytest.mark.long if case == ("smooth", False) else pytest.mark.slow,
        )
        for case in WIDE
    ],
)  # fmt: skip
def test_float64_is_that_of_the_scan(name, noisy):
    cell, key = sized(TABLE[name], 19), jax.random.key(3) if noisy else None
    drawn = draw(
        cell, 4, (5,), 3, live=True, resets=True, key=key, legal=LEGAL.get(name)
    )
    sample = wide(padded(drawn))
    wanted = value_and_grad("scan", cell, sample, True)
    assert_close(value_and_grad("native", cell, sample, True), wanted, 1e-12)
    assert_close(value("native", cell, sample, True), wanted[0], 1e-12)


@pytest.mark.parametrize("dtype", ["bfloat16", "float64"])
@pytest.mark.long
def test_no_rows_and_auto(dtype):
    """What ``auto`` takes gives what the scan gives, in its dtypes; also of no rows."""
    cell = jlstm.LSTMCell(5)
    for rows in (0, 30):
        point = cast(draw(cell, 4, (rows,), 2).point, dtype)
        arguments = (cell, point.params, point.xs, point.carry)
        out = jlstm.unroll(*arguments, backend="native")
        wanted = jlstm.unroll(*arguments, backend="scan")
        assert jax.tree.map(jax.typeof, out) == jax.tree.map(jax.typeof, wanted)
        assert_close(*cast((out, wanted), "float64"), tol=2.0**-7)
    assert jlstm.explain(cell, xs=point.xs).backend == "native"
