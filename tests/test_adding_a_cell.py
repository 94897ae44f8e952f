"""The page on a cell of one's own: its code runs, and its cell obeys the laws."""

from pathlib import Path

import jax
import numpy as np
import pytest

from tests.laws import (
    test_gradients,
    test_lengths,
    test_oracle,
    test_resets,
    test_rows,
)
from tests.pages import blocks
from tests.zoo import cell_row

PAGE = Path(__file__).parents[1] / "docs" / "adding-a-cell.md"
CELL, MAPS, USE, ORACLE = blocks(PAGE)


def names_of(*blocks):
    """Return what code of the page defines."""
    names = {"__name__": "adding_a_cell"}
    for block in blocks:
        exec(block, names)
    return names


@pytest.fixture(scope="module")
def definitions():
    """The cell and its oracle: one class, so that the laws share what they compile."""
    return names_of(CELL, ORACLE)


@pytest.mark.long
@pytest.mark.usefixtures("unchecked", "user_defaults")
def test_the_page_runs():
    names = names_of(CELL, MAPS, USE, ORACLE)
    assert names["ys"].shape == names["noisy_ys"].shape == (50, 16, 32)
    assert names["out"].shape == (16, 50, 32)
    assert np.any(names["grads"].weights[0].backward.mix[...])


def li_gru(p, carry, x):
    """Ravanelli et al. (2018), one row of the batch, with tanh."""
    a = np.einsum("x,xgh->gh", x, p.w_ih) + np.einsum("k,kgh->gh", carry["h"], p.w_hh)
    z, n = 1 / (1 + np.exp(-(a + p.b)[0])), np.tanh((a + p.b)[1])
    return {"h": z * carry["h"] + (1 - z) * n}, {"z": z, "n": n}


@pytest.mark.usefixtures("unchecked")
def test_a_cell_with_several_maps_is_its_equations():
    cell = names_of(CELL, MAPS)["LiGRUCell"](3)
    with jax.numpy_rank_promotion("allow"):
        test_oracle.test_layer_without_options_is_the_oracle(
            cell_row("li_gru", cell, li_gru)
        )


def test_the_cell_takes_no_more_than_twenty_five_lines():
    code = CELL[CELL.index("class FastGRNNCell") :].splitlines()
    assert sum(bool(line.strip()) for line in code) <= 25


@pytest.mark.slow
@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    "law",
    [
        test_oracle.test_layer_without_options_is_the_oracle,
        lambda row: test_oracle.test_layer_is_the_oracle(row, 0),
        test_gradients.test_gradient_is_the_finite_difference,
        test_resets.test_a_reset_cuts_a_sequence_in_two,
        test_lengths.test_a_row_of_length_0_returns_its_carry,
        test_rows.test_options_of_a_row_change_no_other,
    ],
)
def test_the_cell_obeys_the_laws(definitions, law):
    cell = definitions["FastGRNNCell"](3)
    row = cell_row("fast_grnn", cell, definitions["fast_grnn"])
    with jax.numpy_rank_promotion("allow"):
        law(row)
