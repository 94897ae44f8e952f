"""The code of the how-to pages runs, as it stands there, under JAX's defaults."""

import re
from pathlib import Path

import numpy as np
import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture
def run(user_defaults):
    """Run the Python blocks of a page one after the other; return their names."""

    def run_page(name):
        text = (DOCS / name).read_text("utf-8")
        names = {"__name__": "howto"}
        for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
            exec(compile(block, name, "exec"), names)
        return names

    return run_page


def test_the_composed_model_learns(run):
    losses = run("howto-compose.md")["losses"]
    assert losses[-1] < 0.5 * losses[0]


def test_checkpoints_hold_less(run):
    needs = run("howto-long-sequences.md")["needs"]
    assert max(needs["sqrt"].total, needs[64].total) < 0.3 * needs[None].total


def test_seeds_stand_side_by_side(run):
    page = run("howto-seeds.md")
    assert page["ys"].shape == (5, 30, 8, 16)
    assert not (page["ys"][0] == page["ys"][1]).any()


@pytest.mark.usefixtures("unchecked")
def test_data_comes_in_few_shapes(run):
    page = run("howto-data.md")
    assert {batch.xs.shape for batch in page["batches"]} == {(12, 2, 3), (32, 2, 3)}
    series = page["series"].values[:, 0]
    assert page["inputs"].shape == (48, 3, 1) and page["targets"].shape == (12, 3, 1)
    unscaled = page["made"].scaler.unscale(page["targets"][:, 1])[:, 0]
    np.testing.assert_allclose(unscaled, series[49:61], atol=1e-9)


def test_cells_are_changed_by_a_word(run):
    assert run("choosing-a-cell.md")["ys"].shape == (50, 4, 32)


def test_explain_says_what_the_page_says(run):
    names = [choice.backend for choice in run("choosing-a-backend.md")["choices"]]
    assert names[0] in ("native", "fused")  # without a compiler the latter
    assert names[1:] == ["scan", "parallel"]
