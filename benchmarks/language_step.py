"""Time one training step of a PTB language model in jlstm and in torch.nn.LSTM.

Run without arguments this is the driver: it starts each library in its own process,
several
turns each, and writes ``results/language_step.{json,md}``. The step is the whole
recipe: embedding, two LSTM layers with dropout, softmax over 10,000 words, cross
entropy, backward
pass, clipping of the global norm and the SGD update, the carry going on to the next
window.
"""

import argparse
import json
import os
import platform
import subprocess
from pathlib import Path

import numpy as np
from timing import run_worker, summarise, time_steps

HERE = Path(__file__).parent
VOCAB = 10_000
MODELS = {
    "ptb_small": {"hidden": 200, "window": 35, "dropout": 0.2, "tied": True},
    "zaremba_small": {"hidden": 200, "window": 20, "dropout": 0.0, "tied": False},
    "zaremba_medium": {"hidden": 650, "window": 35, "dropout": 0.5, "tied": False},
}
BATCH, CLIP, RATE = 20, 0.25, 1.0


def windows(model: dict, count: int) -> np.ndarray:
    """Return windows of token ids that follow Zipf's law: count × (T + 1) × B."""
    ranks = np.arange(1, VOCAB + 1)
    shape = (count, model["window"] + 1, BATCH)
    draw = np.random.default_rng(0).choice(
        VOCAB, shape, p=1 / ranks / (1 / ranks).sum()
    )
    return draw.astype(np.int32)


def jlstm_step(model: dict):
    import jax

    from jlstm.data import Window
    from jlstm.models.language import LanguageConfig, LanguageDropout
    from jlstm.train.config import OptimizerConfig
    from jlstm.train.language import LanguageTask, StreamConfig
    from jlstm.train.optimizer import make_optimizer
    from jlstm.train.state import init_state
    from jlstm.train.step import make_step

    size, rate = model["hidden"], model["dropout"]
    config = LanguageConfig(
        hidden_sizes=(size, size),
        embedding_size=size,
        tied=model["tied"],
        init="torch",
        dropout=LanguageDropout(input=rate, hidden=rate, output=rate),
    )

    class Corpus:
        vocab = range(VOCAB)

    task = LanguageTask(Corpus(), config, StreamConfig(BATCH, model["window"]), {})
    optimizer = make_optimizer(OptimizerConfig("sgd", RATE, clip=CLIP))
    state = init_state(task, optimizer, RATE, seed=0)
    update = make_step(task, optimizer)
    data = windows(model, 8)

    def step(n: int) -> None:
        nonlocal state
        block = data[n % 8]
        state, metrics = update(state, Window(block[:-1], block[1:]))
        jax.block_until_ready((state, metrics))

    return step, f"jax {jax.__version__}"


def torch_step(model: dict):
    import torch
    from torch import nn

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    torch.manual_seed(0)
    size, rate = model["hidden"], model["dropout"]
    embed = nn.Embedding(VOCAB, size)
    lstm = nn.LSTM(size, size, num_layers=2, dropout=rate)
    drop, decoder = nn.Dropout(rate), nn.Linear(size, VOCAB)
    if model["tied"]:
        decoder.weight = embed.weight
    parts = nn.ModuleList([embed, lstm, decoder])
    loss_of = nn.CrossEntropyLoss()
    data = [torch.from_numpy(block).long() for block in windows(model, 8)]
    carry = None

    def step(n: int) -> None:
        nonlocal carry
        block = data[n % 8]
        parts.zero_grad()
        if carry is not None:
            carry = tuple(part.detach() for part in carry)
        ys, carry = lstm(drop(embed(block[:-1])), carry)
        logits = decoder(drop(ys)).view(-1, VOCAB)
        loss_of(logits, block[1:].reshape(-1)).backward()
        nn.utils.clip_grad_norm_(parts.parameters(), CLIP)
        with torch.no_grad():
            for parameter in parts.parameters():
                parameter.add_(parameter.grad, alpha=-RATE)

    return step, f"torch {torch.__version__}"


LIBRARIES = {"jlstm": jlstm_step, "torch": torch_step}


def worker(library: str, model: str, repeats: int) -> None:
    step, version = LIBRARIES[library](MODELS[model])
    print(json.dumps({**time_steps(step, 5, repeats), "version": version}))


def drive(names: list[str], turns: int, repeats: int) -> list[dict]:
    """Let the libraries take turns on each model; return a row for each pair."""
    rows = []
    for name in names:
        results: dict[str, list[dict]] = {library: [] for library in LIBRARIES}
        for _ in range(turns):
            for library, seen in results.items():
                arguments = ["--worker", library, name, "--repeats", str(repeats)]
                seen.append(run_worker(Path(__file__), arguments, dict(os.environ)))
        for library, seen in results.items():
            row = {"model": name, "library": library, "version": seen[0]["version"]}
            row |= summarise(seen)
            tokens = BATCH * MODELS[name]["window"]
            row["tokens_per_s"] = 1e3 * tokens / row["median_ms"]
            rows.append(row)
            print(row, flush=True)
    return rows


def markdown(rows: list[dict], machine: str) -> str:
    lines = [
        f"Machine: {machine}",
        "",
        "| model | library | version | first call ms | min ms | median ms | tokens/s |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {r['model']} | {r['library']} | {r['version']} | {r['first_ms']:.0f} | "
        f"{r['min_ms']:.1f} | {r['median_ms']:.1f} | {r['tokens_per_s']:,.0f} |"
        for r in rows
    ]
    return "\n".join(lines) + "\n"


def commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=HERE,
        text=True,
        capture_output=True,
    )
    return done.stdout.strip() or "unknown"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worker", nargs=2, metavar=("LIBRARY", "MODEL"))
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=30)
    options = parser.parse_args()
    if options.worker:
        return worker(*options.worker, options.repeats)
    rows = drive(options.models, options.turns, options.repeats)
    machine = (
        f"{platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, commit {commit()}"
    )
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    data = json.dumps({"machine": machine, "rows": rows}, indent=1)
    (results / "language_step.json").write_text(data + "\n")
    (results / "language_step.md").write_text(markdown(rows, machine))


if __name__ == "__main__":
    main()
