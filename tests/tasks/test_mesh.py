"""Law: every task trains on a mesh as it does on one device."""

import jax
import numpy as np
import pytest

from jlstm.training.config.mesh import MeshConfig
from jlstm.training.config.train import OptimizerConfig
from jlstm.training.layout import ONE_DEVICE, Layout
from jlstm.training.optimizer import make_optimizer
from jlstm.training.program import Replica, make_program
from tests.tasks.small import PARTS, small

pytestmark = pytest.mark.usefixtures("standard_promotion", "plain_keys")
SEEDS = (Replica(0, 0.01), Replica(1, 0.02))
MESHES = {
    "data": (MeshConfig(data=2), SEEDS[:1]),
    "fsdp-model": (MeshConfig(fsdp=2, model=2), SEEDS[:1]),
    "replicas": (MeshConfig(replicas=2, data=2), SEEDS),
}


def trained(task, members, layout, updates=2):
    """Return losses, the model, and its validation after a few updates."""
    rule = make_optimizer(OptimizerConfig("momentum", 0.01, clip=1.0), None)
    program = make_program(task, rule, members, layout=layout)
    with layout.entered():
        state, losses = program.init(), []
        for _, batch in zip(range(updates), task.batches(1), strict=False):
            state, metrics = program.step(state, batch, np.float32(task.count(batch)))
            losses.append(np.asarray(metrics["loss"]))
        valid = np.asarray(program.evaluate(state.scored, "valid")["loss"])
    return (losses, jax.device_get(state.model), valid), state


@pytest.mark.long
@pytest.mark.parametrize(
    ("mesh", "name"),
    [("data", "video"), ("fsdp-model", "language"), ("replicas", "ctc")],
)
def test_a_task_trains_as_on_one_device(mesh, name, tmp_path, monkeypatch):
    made = small(name, tmp_path, monkeypatch)
    task = made.task(made.data, {})
    config, members = MESHES[mesh]
    layout = Layout.of(config, len(members))
    one, _ = trained(task, members, ONE_DEVICE)
    many, state = trained(task, members, layout)
    for left, right in zip(*map(jax.tree.leaves, (one, many)), strict=True):
        np.testing.assert_allclose(right, left, rtol=1e-4, atol=1e-6)
    for leaf, wanted in zip(
        jax.tree.leaves(state), jax.tree.leaves(layout.shardings(state)), strict=True
    ):
        assert leaf.sharding.is_equivalent_to(wanted, leaf.ndim)


@pytest.mark.slow
@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("mesh", MESHES)
def test_every_task_trains_on_every_mesh(mesh, name, tmp_path, monkeypatch):
    test_a_task_trains_as_on_one_device(mesh, name, tmp_path, monkeypatch)
