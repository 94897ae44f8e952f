"""The page on a cell of one's own: its code runs, and its cell obeys the laws."""

import re
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
from tests.zoo import cell_row

PAGE = Path(__file__).parents[1] / "docs" / "adding-a-cell.md"
CELL, USE, ORACLE = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)


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


@pytest.mark.usefixtures("unchecked", "user_defaults")
def test_the_page_runs():
    names = names_of(CELL, USE, ORACLE)
    assert names["ys"].shape == names["noisy_ys"].shape == (50, 16, 32)
    assert names["out"].shape == (16, 50, 32)
    assert np.any(names["grads"].params[0].backward.mix[...])


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
