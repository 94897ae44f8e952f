"""A mesh from configuration: what fits, how parameters lie, and going on elsewhere."""

import dataclasses
import re

import jax
import numpy as np
import pytest

from jlstm.training.config.mesh import MeshConfig
from jlstm.training.config.train import TrainConfig
from jlstm.training.layout import Layout, parameter_axes, share_with
from jlstm.training.log import read_metrics
from tests.cli.test_cells import made
from tests.training import test_program

pytestmark = pytest.mark.usefixtures("standard_promotion", "plain_keys")
SMALL_TEXT = (
    "experiment=text", "stream.batch_size=2", "stream.window=8", "stream.valid_batch=2",
    "stream.test_batch=2", "model.stack.hidden_sizes=[4]",
)  # fmt: skip
PLAN = TrainConfig(epochs=4, seed=5, log_every=1, test_weights="last")


@dataclasses.dataclass(frozen=True, eq=False)
class Rows(test_program.Fit):
    """Least squares, whose batches have a row for each example."""

    def row_axes(self, batch):
        return 0


def trainer(folder, train=PLAN, **options):
    made = test_program.trainer(folder, train, **options)
    return dataclasses.replace(made, task=Rows())


@pytest.mark.parametrize(
    ("given", "sizes"),
    [
        ({}, (1, 1, 1, 1)),
        ({"data": -1}, (8, 1, 1, 1)),
        ({"data": -1, "model": 2}, (4, 1, 2, 1)),
        ({"data": 2, "fsdp": 2}, (2, 2, 1, 1)),
        ({"replicas": -1, "data": 2}, (2, 1, 1, 4)),
    ],
)
def test_sizes(given, sizes):
    assert tuple(MeshConfig(**given).sizes(8).values()) == sizes


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"data": 16}, "mesh.data=16 does not fit 8 devices: give sizes whose product"),
        ({"data": 3, "model": -1}, "mesh.data=3, mesh.model=-1 does not fit 8"),
        ({"data": -1, "fsdp": -1}, "mesh.data and mesh.fsdp are -1: one axis alone"),
        ({"data": 0}, "data is 0; give a positive whole number, or -1"),
        ({"model": -2}, "model is -2; give a positive whole number, or -1"),
    ],
)
def test_what_does_not_fit_is_refused(given, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        MeshConfig(**given).sizes(8)


def test_models_that_cannot_be_shared_are_refused():
    with pytest.raises(ValueError, match="2 devices cannot share 3 models evenly"):
        Layout.of(MeshConfig(replicas=2), replicas=3)


def test_rows_that_cannot_be_shared_are_refused():
    layout = Layout.of(MeshConfig(data=4), replicas=1)
    for given in (layout.placed_rows, layout.check):
        with pytest.raises(ValueError, match=r"6 rows cannot be .* such as 4 or 8"):
            given(np.zeros((5, 6, 2)), 1)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ((*SMALL_TEXT, "data.path=a.txt"), r"2 rows cannot be .* such as 4"),
        # drawn in the step
        (("experiment=adding_smoke", "draw.batch_size=6"), "such as 4 or 8"),
    ],
)
def test_rows_are_checked_before_anything_is_written(
    tmp_path, monkeypatch, overrides, said
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("to be or not to be\n" * 30)
    with pytest.raises(ValueError, match=said):
        made([*overrides, "mesh.data=4"])
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((128, 4, 256), ("fsdp", None, "model")),
        ((256, 4, 128), ("fsdp", None, "model")),
        ((4, 128), (None, "model")),
        ((128,), ("model",)),
        ((127,), (None,)),
        ((127, 129), (None, None)),
        ((1000, 127), ("fsdp", None)),
        ((4, 64, 4, 64), ("model", "fsdp", None, None)),
        ((2, 128, 3, 128), (None, "fsdp", None, "model")),
        ((), ()),
    ],
)
def test_how_parameters_are_split(shape, axes):
    assert parameter_axes(shape, {"fsdp": 2, "model": 2}) == axes


@pytest.mark.long
def test_a_run_goes_on_with_another_mesh(tmp_path):
    """The same curve, however many devices share the work, and in the middle of it."""
    wanted = trainer(tmp_path / "one").fit()
    half = dataclasses.replace(PLAN, epochs=2)
    trainer(tmp_path / "many", half, mesh=MeshConfig(data=4, model=2)).fit()
    moved = trainer(tmp_path / "many", mesh=MeshConfig(data=2)).fit()
    np.testing.assert_allclose(moved.model.w[...], wanted.model.w[...], rtol=1e-5)
    curves = [
        [line["loss"] for line in read_metrics(tmp_path / name)]
        for name in ("one", "many")
    ]
    np.testing.assert_allclose(curves[1], curves[0], rtol=1e-4)
    assert moved.model.w[...].devices() == {jax.devices()[0]}


@pytest.mark.parametrize(
    ("ranks", "rank", "share"),
    [
        ([[0], [1]], 1, (1, 2)),
        ([[0], [0], [1], [1]], 0, (0, 2)),
        ([[0], [1], [2], [3]], 2, (2, 4)),
        ([[0, 1], [0, 1]], 1, (0, 1)),  # all rows, and half of the units
        ([[0], [1], [0], [1]], 0, (0, 1)),  # what it has is not side by side
        ([[0], [0], [1], [1], [2], [2]], 1, (1, 3)),
    ],
)
def test_the_rows_of_a_process(ranks, rank, share):
    """The devices of a block of rows, side by side, and the process of each."""
    assert share_with((np.array(ranks) == rank).any(1)) == share


def test_one_process_reads_all_rows():
    assert Layout.of(MeshConfig(data=4), replicas=1).share == (0, 1)
    assert Layout().share == (0, 1)
