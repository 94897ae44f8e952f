"""Find the longest sequence that an LSTM trains on, by what its backward pass keeps.

    python -m benchmarks.gpu_memory [--quick]

Each training step runs in a process of its own, with twice as many steps as the one
before, until one does not fit into the memory of the GPU. --quick stops early, and
takes the CPU where there is no GPU.
"""

import argparse
from typing import Any

from benchmarks.command import folder, parser, record, write
from benchmarks.gpu import choose_device
from benchmarks.table import markdown
from benchmarks.turns import Failed, Worker

CHECKPOINTS = (None, "sqrt")
BATCH, HIDDEN_SIZE = 16, 512
FIRST, LAST = 2**14, 2**21


def train(
    steps: int, checkpoint: str | None, options: argparse.Namespace, device: str
) -> dict[str, Any]:
    """Return what one training step takes, or why it failed."""
    problem = {
        **{"steps": steps, "batch": BATCH, "hidden_size": options.hidden_size},
        **{"checkpoint": checkpoint, "run": True},
    }
    result = {"steps": steps, "checkpoint": checkpoint}
    with Worker("benchmarks.training", options.threads, device) as worker:
        options.versions |= worker.ready["versions"]
        try:
            built = worker.ask("build", problem=problem)
        except Failed as error:
            return result | {"failed": str(error)}
    return result | {"seconds": built["call_seconds"], **built["facts"]}


def double(
    checkpoint: str | None, options: argparse.Namespace, device: str
) -> list[dict[str, Any]]:
    """Train on longer and longer sequences until it fails."""
    results, steps = [], options.first
    while steps <= options.last:
        results.append(train(steps, checkpoint, options, device))
        print(results[-1], flush=True)
        if "failed" in results[-1]:
            break
        steps *= 2
    return results


def line(result: dict[str, Any]) -> list[str]:
    """Return the cells of one training step."""
    cells = [repr(result["checkpoint"]), f"{result['steps']:,}"]
    if "failed" in result:
        return [*cells, f"failed: {result['failed'][:80]}", "–"]
    return [*cells, f"{result['estimate'] / 1e9:.2f}", f"{result['seconds']:.2f}"]


def main(arguments: list[str] | None = None) -> None:
    """Measure, print and write."""
    options = parser(__doc__).parse_args(arguments)
    options.first, options.last = (64, 128) if options.quick else (FIRST, LAST)
    options.hidden_size = 32 if options.quick else HIDDEN_SIZE
    options.versions = {}
    device, name = choose_device(options, "benchmarks.gpu_memory")
    results = [r for rule in CHECKPOINTS for r in double(rule, options, device)]
    sizes = {"batch": BATCH, "hidden_size": options.hidden_size, "device": name}
    content = record(options.threads, options.versions, **sizes, results=results)
    header = ["checkpoint", "steps", "program says, GB", "seconds per step"]
    how = (
        f"An LSTM on {name}: batch {BATCH}, input and hidden units "
        f"{options.hidden_size}, float32, the backend that jlstm chooses."
    )
    table = markdown(header, map(line, results))
    path = folder(options) / "gpu_memory"
    write(path, content, "The longest sequence that trains on a GPU", how, table)


if __name__ == "__main__":
    main()
