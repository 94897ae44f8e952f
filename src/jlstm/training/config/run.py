"""What every run is told, whatever its task."""

from dataclasses import dataclass

from jlstm._internal.options import Options
from jlstm.training.config.mesh import MeshConfig
from jlstm.training.config.train import OptimizerConfig, ScheduleConfig, TrainConfig
from jlstm.training.processes import Distributed


@dataclass(frozen=True, kw_only=True)
class RunConfig(Options):
    """The keys that all tasks share; the configuration of a task adds its own.

    Attributes:
        task: which task; ``src/jlstm/tasks`` has a folder for each.
        name: of the run; by default that of the experiment.
        runs_dir: the folder in which the run gets a folder of its own.
        optimizer: how gradients become updates.
        schedule: how the learning rate changes.
        train: how long to train, and what to keep.
        mesh: over how many devices a run is spread, and how.
        distributed: ``"auto"`` joins the other processes of the run, by Slurm, MPI,
            Kubernetes, a TPU pod, or JAX_COORDINATOR_ADDRESS, JAX_NUM_PROCESSES and
            JAX_PROCESS_ID.
    """

    task: str = "language"
    name: str | None = None
    runs_dir: str = "runs"
    optimizer: OptimizerConfig = OptimizerConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    train: TrainConfig = TrainConfig()
    mesh: MeshConfig = MeshConfig()
    distributed: Distributed = "off"
