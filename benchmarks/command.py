"""What the commands have in common: options, and where results go."""

import argparse
import json
import os
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.machine import machine, sentence
from benchmarks.turns import ROOT, Failed, Worker

PAGES = ROOT / "docs" / "benchmarks"
TRIALS = ROOT / "runs" / "benchmarks"


def parser(doc: str) -> argparse.ArgumentParser:
    """Return a parser with the options that every command has."""
    made = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    made.add_argument(
        "--quick", action="store_true", help="small sizes and few calls, to try it out"
    )
    made.add_argument(
        "--out", type=Path, help=f"default: {_short(PAGES)}; {_short(TRIALS)} if quick"
    )
    return made


def folder(options: argparse.Namespace) -> Path:
    """Return the folder that results go to, which is made if it is not there."""
    chosen = options.out or (TRIALS if options.quick else PAGES)
    chosen.mkdir(parents=True, exist_ok=True)
    return chosen


def words(text: str) -> list[str]:
    """Split an option at its commas."""
    return [word for word in text.split(",") if word]


def start(
    stack: ExitStack, modules: dict[str, str], threads: int, device: str = "cpu"
) -> tuple[dict[str, Worker], dict[str, str]]:
    """Start a worker for each label; print and return why others are left out."""
    workers, left_out = {}, {}
    for label, module in modules.items():
        try:
            workers[label] = stack.enter_context(Worker(module, threads, device))
        except Failed as error:
            left_out[label] = str(error)
            print(f"{label} is left out: {error}", flush=True)
    return workers, left_out


def versions(workers: Iterable[Worker]) -> dict[str, str]:
    """Return the versions of all packages that the workers use."""
    return {k: v for worker in workers for k, v in worker.ready["versions"].items()}


def record(threads: int, used: dict[str, str], **more: Any) -> dict[str, Any]:
    """Return what is written as JSON, beginning with what it was measured on."""
    return {"machine": machine(threads), "versions": used, **more}


def write(path: Path, content: dict[str, Any], title: str, *texts: str) -> None:
    """Write JSON and Markdown next to ``path``, and print the Markdown."""
    path.with_suffix(".json").write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    facts = sentence(content["machine"], content["versions"])
    page = "\n\n".join((f"# {title}", *texts, f"Measured on {facts}")) + "\n"
    path.with_suffix(".md").write_text(page, "utf-8")
    print(f"\n{page}\nwritten: {path}.md, .json", flush=True)


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT))
