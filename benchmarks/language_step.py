"""Time one training step of PTB language models in jlstm and with torch.nn.LSTM.

    python -m benchmarks.language_step [--quick] [--recipes zaremba_small]

The step is the whole recipe: embedding, two LSTM layers with dropout, softmax over
10,000 words, cross entropy, backward pass, clipping of the global norm and the update,
the carry going on to the next window. The recipes: benchmarks/language/recipe.py.
"""

import argparse
from contextlib import ExitStack

from benchmarks.command import folder, parser, record, start, versions, words, write
from benchmarks.language.recipe import RECIPES
from benchmarks.plot import plot_bars
from benchmarks.table import geometric_mean, markdown, milliseconds
from benchmarks.turns import Worker, take_turns

MODULES = {"jlstm": "benchmarks.language.jlstm", "torch": "benchmarks.language.torch"}


def measure(
    workers: dict[str, Worker], recipe: str, options: argparse.Namespace
) -> list[dict]:
    """Time one recipe, the libraries in turns."""
    timings, failed = take_turns(
        workers,
        {label: {"recipe": recipe} for label in workers},
        rounds=options.rounds,
        seconds=options.seconds,
    )
    for label, why in failed.items():
        print(f"{label} is left out of {recipe}: {why}", flush=True)
    return [
        {
            **{"recipe": recipe, "library": label},
            **timing._asdict(),
            **{"tokens_per_second": RECIPES[recipe].tokens / timing.median},
        }
        for label, timing in timings.items()
    ]


def speeds(results: list[dict]) -> dict[str, dict[str, float]]:
    """Return tokens per second by recipe and library."""
    found: dict[str, dict[str, float]] = {}
    for result in results:
        own = found.setdefault(result["recipe"], {})
        own[result["library"]] = result["tokens_per_second"]
    return found


def advantages(results: list[dict]) -> dict[str, float]:
    """Return by recipe the tokens per second of jlstm over those of torch."""
    return {
        recipe: own["jlstm"] / own["torch"]
        for recipe, own in speeds(results).items()
        if {"jlstm", "torch"} <= set(own)
    }


def table(results: list[dict]) -> str:
    """Return the table of all recipes."""
    header = ["recipe", "library", "compile, s", "least ms", "median ms"]
    header += ["tokens/s", "jlstm / torch"]
    gains = advantages(results)
    lines = []
    for result in results:
        ours = result["library"] == "jlstm" and result["recipe"] in gains
        lines.append(
            [
                *(result["recipe"], result["library"], compiling(result["compile"])),
                *(milliseconds(result[field]) for field in ("minimum", "median")),
                f"{result['tokens_per_second']:,.0f}",
                f"{gains[result['recipe']]:.2f}" if ours else "",
            ]
        )
    mean = geometric_mean(gains.values())
    lines.append(["**geometric mean**", *[""] * 5, f"{mean:.2f}"])
    return markdown(header, lines)


def compiling(seconds: float) -> str:
    """Format what compiling took, first call included; torch compiles nothing."""
    return f"{seconds:.1f}" if seconds else "–"


def read_options(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    made = parser(__doc__)
    made.add_argument("--recipes", type=words, default=list(RECIPES))
    made.add_argument("--rounds", type=int, default=5)
    made.add_argument("--seconds", type=float, default=2.0)
    options = made.parse_args(arguments)
    for recipe in options.recipes:
        if recipe not in RECIPES:
            made.error(f"there is no {recipe!r}; choose of {', '.join(RECIPES)}")
    if options.quick:
        options.recipes, options.rounds, options.seconds = ["zaremba_small"], 2, 0.2
    return options


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, write and draw."""
    options = read_options(arguments)
    results = []
    with ExitStack() as stack:
        workers, left_out = start(stack, MODULES, options.threads)
        used = versions(workers.values())
        for recipe in options.recipes:
            print(recipe, flush=True)
            results += measure(workers, recipe, options)
    content = record(options.threads, used, left_out=left_out, results=results)
    path = folder(options) / "language_step"
    title = "One training step of a PTB language model"
    write(path, content, title, "Tokens/s by the median.", table(results))
    plot_bars(path, speeds(results), title=title, ylabel="tokens per second")


if __name__ == "__main__":
    main()
