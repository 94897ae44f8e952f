"""The code of the how-to pages runs, as it stands there, under JAX's defaults."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from tests.pages import blocks, name_of, pages

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture
def run(user_defaults):
    """Run the Python blocks of a page one after the other; return their names."""

    def run_page(name):
        names = {"__name__": "howto"}
        for block in blocks(DOCS / name):
            exec(compile(block, name, "exec"), names)
        return names

    return run_page


# Where the code of the other pages is run, and why some is not.
RUN_IN = {
    "README.md": "test_readme.py",
    "docs/adding-a-cell.md": "test_adding_a_cell.py",
    "docs/adding-a-task.md": "test_adding_a_task.py",
    "docs/howto-interop.md": "interop/test_howto_interop.py",
    "docs/howto-onnx.md": "interop/test_howto.py",
    "docs/howto-rl.md": "test_scanned_rnn.py",
    "docs/howto-python.md": "cli/test_experiment.py",
    "docs/howto-use.md": "cli/test_use_page.py",
    "docs/howto-streaming.md": "interop/test_howto.py",
}
NOT_RUN = {
    "docs/design/002-cells-and-wrappers.md": "an outline of classes, not a program",
    "docs/design/005-cudnn.md": "it needs an NVIDIA GPU",
    "docs/design/021-compiled-elsewhere.md": "lines of a program, not a program",
}


@pytest.mark.parametrize(
    "page", [page for page in pages() if blocks(page)], ids=name_of
)
def test_the_code_of_a_page_is_run_by_a_test(page):
    name = name_of(page)
    if name in NOT_RUN:
        pytest.skip(f"{name} is not run: {NOT_RUN[name]}")
    test = Path(__file__).parent / RUN_IN.get(name, "test_howto.py")
    assert f'{page.name}"' in test.read_text("utf-8")


@pytest.mark.long
@pytest.mark.usefixtures("user_defaults")
def test_the_first_page_runs():
    names = {}
    exec(blocks(DOCS / "index.md")[0], names)
    assert names["ys"].shape == (100, 8, 128)


def test_the_excerpt_of_the_first_page_is_the_cell():
    source = (DOCS.parent / "src/jlstm/cells/lstm.py").read_text("utf-8")
    lines = [line.strip() for line in source.splitlines()]
    quoted = blocks(DOCS / "index.md")[1].splitlines()
    start = lines.index(quoted[0])
    assert lines[start : start + len(quoted)] == quoted


@pytest.mark.long
def test_the_composed_model_learns(run):
    page = run("howto-compose.md")
    assert page["losses"][-1] < 0.5 * page["losses"][0]
    assert page["ys"].shape == (12, 20, 16)


@pytest.mark.long
def test_checkpoints_hold_less(run):
    needs = run("howto-long-sequences.md")["needs"]
    assert max(needs["sqrt"].total, needs[64].total) < 0.3 * needs[None].total


@pytest.mark.long
def test_seeds_stand_side_by_side(run):
    page = run("howto-seeds.md")
    assert page["ys"].shape == (5, 30, 8, 16)
    assert not (page["ys"][0] == page["ys"][1]).any()


@pytest.mark.long
def test_a_mesh_has_the_numbers_of_one_device(run):
    page = run("howto-mesh.md")
    alone = page["loss"](page["params"], np.ones((20, 8 * page["devices"], 32), "f4"))
    np.testing.assert_allclose(page["value"], alone, rtol=1e-5)
    assert tuple(page["model"].weights[0].w_hh[...].sharding.spec)[-1] == "model"


@pytest.mark.usefixtures("unchecked")
def test_data_comes_in_few_shapes(run):
    page = run("howto-data.md")
    assert {batch.xs.shape for batch in page["batches"]} == {(12, 2, 3), (32, 2, 3)}
    series = page["series"].values[:, 0]
    assert page["inputs"].shape == (48, 3, 1) and page["targets"].shape == (12, 3, 1)
    unscaled = page["made"].scaler.unscale(page["targets"][:, 1])[:, 0]
    np.testing.assert_allclose(unscaled, series[49:61], atol=1e-9)


@pytest.mark.long
def test_cells_are_changed_by_a_word(run):
    assert run("choosing-a-cell.md")["ys"].shape == (50, 4, 32)


def test_a_program_is_lowered_for_a_pod(run):
    page = run("howto-gpu.md")
    assert "stablehlo" in page["lowered"].as_text()
    if importlib.util.find_spec("libtpu") is None:
        return  # `dev.py aot` has it
    assert page["memory_on_a_pod"]().total > 0


def test_explain_says_what_the_page_says(run):
    names = [choice.backend for choice in run("choosing-a-backend.md")["choices"]]
    assert names[0] in ("native", "fused")  # without a compiler the latter
    assert names[1:] == ["scan", "parallel"]
