"""The smallest run that has all parts: dropout, a schedule, checkpoints, a best one."""

import hashlib
import json
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jlstm.data import Corpus, Vocab
from jlstm.tasks.language.model import LanguageConfig, LanguageDropout
from jlstm.tasks.language.objective import LanguageTask, StreamConfig
from jlstm.training.config.stack import StackConfig
from jlstm.training.config.train import OptimizerConfig, ScheduleConfig, TrainConfig
from jlstm.training.log import METRICS
from jlstm.training.loop import Trainer

TEXT = "abcabdabcabe" * 30
EPOCHS = 3


def keep_programs(folder: Path) -> None:
    """Let runs share their compiled programs, in this process and those it forks."""
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def train(folder: Path, epochs: int = EPOCHS) -> str:
    """Train, or go on, in a folder; return a digest of all that a run ends with."""
    vocab = Vocab.from_text(TEXT, "char")
    ids = vocab.encode(TEXT)
    task = LanguageTask(
        Corpus("toy", ids[:260], ids[260:], ids[200:260], vocab),
        LanguageConfig(
            StackConfig(hidden_sizes=(6,)),
            embedding_size=None,
            dropout=LanguageDropout(output=0.2),
        ),
        StreamConfig(batch_size=4, window=5, valid_batch=2, test_batch=1),
        {},
    )
    result = Trainer(
        task,
        TrainConfig(epochs=epochs, log_every=3, checkpoint_every=4),
        OptimizerConfig("adam", 0.05, clip=1.0),
        ScheduleConfig("plateau", factor=0.5),
        folder,
    ).fit()
    return digest(folder, result)


def digest(folder: Path, result: Any) -> str:
    """Return one digest of the weights, the scores, the place and the log."""
    found = hashlib.sha256()
    for leaf in jax.tree.leaves(result.model):
        found.update(np.asarray(leaf).tobytes())
    place = result.place._replace(seconds=0.0)
    found.update(repr((result.valid, result.test, place)).encode())
    for line in (folder / METRICS).read_text().splitlines():
        found.update(json.dumps(json.loads(line), sort_keys=True).encode())
    return found.hexdigest()
