"""What the numbers were measured on."""

import datetime
import os
import platform
import subprocess
from typing import Any

from benchmarks.turns import ROOT


def machine(threads: int) -> dict[str, Any]:
    """Describe processor, Python, commit and time."""
    return {
        "processor": processor(),
        "cores": os.cpu_count() or 1,
        "threads": threads,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "commit": commit(),
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def processor() -> str:
    """Return the name of the processor and its widest vectors."""
    try:
        with open("/proc/cpuinfo") as file:
            facts = dict(
                (part.strip() for part in line.split(":", 1))
                for line in file
                if ":" in line
            )
    except OSError:
        return platform.processor() or platform.machine()
    flags = facts.get("flags", "").split()
    vectors = [name for name in ("avx512f", "avx2") if name in flags][:1]
    return ", ".join([facts.get("model name", platform.machine()), *vectors])


def commit() -> str:
    """Return the commit of the source, with ``+`` if files differ from it."""
    try:
        head = _git("rev-parse", "--short", "HEAD")
        changed = _git("status", "--porcelain", "src")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head + ("+" if changed else "")


def sentence(facts: dict[str, Any], versions: dict[str, str]) -> str:
    """Put machine and versions into words."""
    packages = ", ".join(" ".join(item) for item in sorted(versions.items()))
    return (
        f"{facts['processor']}, {facts['cores']} cores, {facts['threads']} threads, "
        f"{facts['system']}; Python {facts['python']}; {packages}; commit "
        f"{facts['commit']}, {facts['date']}."
    )


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
