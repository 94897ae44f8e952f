"""Train from data larger than memory: records of unequal length, and tokens.

    python -m experiments.scale.large_corpus --gigabytes 8 --limit 3 --folder FOLDER

Both are made on the spot and removed afterwards. Each training is a process of its own
in a cgroup with a limit of memory, in which what it has read from disk counts too: the
kernel kills it if it needs more. The classifier reads each record once. The language
model takes some hundred updates of streams that begin all over the file; a share of its
tokens that an epoch would need days for.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from experiments.scale import limit
from jlstm.data import Vocab, write_records, write_tokens
from jlstm.training.resources import read_resources

WIDTH, SHORTEST, LONGEST = 512, 16, 48
"""Features of a step, and steps of a record."""
BATCH = 64
SYMBOLS = tuple(map(chr, range(32, 96)))
BLOCK = 1 << 22
HELD_OUT = 256


def records(size: int, seed: int) -> Iterator[tuple[np.ndarray, int]]:
    """Yield records of two classes until they have so many bytes."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(4096, WIDTH)).astype(np.float32)
    while size > 0:
        steps, label = int(rng.integers(SHORTEST, LONGEST + 1)), int(rng.integers(2))
        start = int(rng.integers(len(noise) - LONGEST))
        one = noise[start : start + steps] + np.float32(0.02 * (2 * label - 1))
        size -= one.nbytes
        yield one, label


def tokens(size: int) -> Iterator[np.ndarray]:
    """Yield so many tokens: each is that before it plus 0, 1 or 2."""
    rng = np.random.default_rng(0)
    rises = np.cumsum(rng.integers(0, 3, BLOCK, dtype=np.uint8), dtype=np.uint8)
    for start in range(0, size, BLOCK):
        first = rng.integers(len(SYMBOLS), dtype=np.uint8)
        yield (rises[: size - start] + first) % np.uint8(len(SYMBOLS))


def make_records(folder: Path, size: int) -> list[str]:
    """Write records, and return the options of their run."""
    step = 4 * WIDTH * (SHORTEST + LONGEST) // 2
    for seed, part in enumerate(("valid", "test", "train")):
        own = size if part == "train" else HELD_OUT * step
        write_records(folder / part, records(own, seed))
    return [
        "data=records", f"data.path={folder}", "model.stack.cell=GRUCell",
        "model.stack.hidden_sizes=[128]", "model.stack.bidirectional=false",
        f"batches.batch_size={BATCH}", "train.epochs=1",
    ]  # fmt: skip


def make_tokens(folder: Path, size: int, updates: int = 300) -> list[str]:
    """Write a token file, and return the options of its run."""
    path, window = folder / "corpus.tokens", 64
    write_tokens(path, Vocab(SYMBOLS, "char"), tokens(size), size)
    held = BATCH * 4 * window
    return [
        "data=text", f"data.path={path}", "data.memory_map=true", "baselines=false",
        f"data.valid_fraction={held / size}",
        f"data.test_fraction={held / size}", f"stream.batch_size={BATCH}",
        f"stream.window={window}", f"stream.epoch_windows={updates}",
        "model.stack.hidden_sizes=[64]", "train.epochs=1",
    ]  # fmt: skip


MAKERS = {"records": make_records, "tokens": make_tokens}


def train(options: Sequence[str], runs: Path, group: Path) -> dict[str, float]:
    """Train in a process of its own, in a cgroup, and say what it took."""
    command = [sys.executable, "-m", "experiments.scale.large_corpus", "--inside"]
    words = [*options, f"runs_dir={runs}", "train.log_every=10"]
    subprocess.run([*command, str(group), "--", *words], check=True)
    (run,) = (path.parent for path in runs.rglob("result.json"))
    result = json.loads((run / "result.json").read_text())
    used = read_resources(run)[1:]
    return {
        "updates": result["steps"],
        "updates per second": round(result["steps"] / result["seconds"], 1),
        "share of wait": round(float(np.mean([one["wait"] for one in used])), 3),
        "MB of the process": round(used[-1]["memory_mb"]),
        "MB of the cgroup": round(limit.most(group) / 1e6),
        "loss": round(result["valid"]["loss"], 3),
    }


def inside(group: str, options: Sequence[str]) -> int:
    """Be the process that trains."""
    limit.enter(Path(group))
    from jlstm.cli.main import main

    return main(["run", *options])


def compared(gigabytes: float, most: float, folder: Path) -> Iterator[str]:
    """Make and train each kind of data; yield the rows of a table."""
    size = int(gigabytes * 1e9)
    free = shutil.disk_usage(folder).free
    if free < 1.2 * size:
        raise ValueError(
            f"{folder} has {free / 1e9:.1f} GB free, {gigabytes} are made."
        )
    for name, make in MAKERS.items():
        with tempfile.TemporaryDirectory(dir=folder) as place:
            options = make(Path(place) / name, size)
            limit.forget(Path(place) / name)
            with limit.limited(int(most * 1e9)) as group:
                found = train(options, Path(place) / "runs", group)
        yield f"{name}: " + ", ".join(f"{key} {value}" for key, value in found.items())


def main() -> int:
    """Read the options, and print a line for each kind of data."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=8.0)
    parser.add_argument("--limit", type=float, default=3.0, help="GB of memory")
    parser.add_argument(
        "--folder", type=Path, default=Path.cwd(), help="where to make the data"
    )
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    parser.add_argument("options", nargs="*", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside is not None:
        return inside(given.inside, given.options)
    for line in compared(given.gigabytes, given.limit, given.folder):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
