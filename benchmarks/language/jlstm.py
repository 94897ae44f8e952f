"""A training step of a language model in jlstm, as its launcher runs it."""

import itertools
import time
from typing import Any

import jax

from benchmarks.language.recipe import BATCH, RATE, RECIPES, VOCAB, Recipe, windows
from benchmarks.program import Program
from jlstm.data import Window
from jlstm.tasks.language.model import LanguageConfig, LanguageDropout
from jlstm.tasks.language.objective import LanguageTask, StreamConfig
from jlstm.training.config.stack import StackConfig
from jlstm.training.config.train import OptimizerConfig
from jlstm.training.optimizer import make_optimizer
from jlstm.training.program import Replica, SingleModel

PACKAGES = ("jax",)


class Corpus:
    """As much of a corpus as the model asks for."""

    vocab = range(VOCAB)


def build(given: dict[str, Any]) -> Program:
    """Make the state; a call trains on the next window, from the carry of the last."""
    recipe = RECIPES[given["recipe"]]
    stream = StreamConfig(BATCH, recipe.window)
    task = LanguageTask(Corpus(), config(recipe), stream, {})
    optimizer = make_optimizer(OptimizerConfig("sgd", RATE, clip=recipe.clip))
    model = SingleModel(task, optimizer, Replica(0, RATE))
    state, update = model.init(), model.step
    data = itertools.cycle(Window(block[:-1], block[1:]) for block in windows(recipe))

    def run() -> Any:
        nonlocal state
        state, metrics = update(state, next(data), 1.0)
        return jax.block_until_ready((state, metrics))

    started = time.perf_counter()
    run()
    return Program(run, time.perf_counter() - started)


def config(recipe: Recipe) -> LanguageConfig:
    """Return the model of a recipe."""
    size, rate = recipe.hidden_size, recipe.dropout
    return LanguageConfig(
        StackConfig(hidden_sizes=(size, size), init="torch"),
        embedding_size=size,
        tied=recipe.tied,
        dropout=LanguageDropout(input=rate, hidden=rate, output=rate),
    )
