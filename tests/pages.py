"""What the pages of this repository hold: blocks of code, commands, code in prose."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNNERS = r"(?:python|python3(?:\.\d+)?|\.venv/bin/\w+|pip|pytest|git|make|jlstm)"
KEY = r"(?:experiment|data|resume|\w+\.[\w.]+)"
FRAGMENT = re.compile(rf"(?:-m )?{KEY}=\S+(?: {KEY}=\S+)*")
PROGRAM = re.compile(rf"(?:[A-Z_]+=\S+ )*{RUNNERS} ")


def pages() -> list[Path]:
    """Return every Markdown page that is kept, but for tables that programs write."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "*.md"], cwd=ROOT, capture_output=True, check=True
    )
    names = listed.stdout.decode().split("\0")
    written = ("CHANGELOG.md", "docs/benchmarks/", "docs/api/")
    return [ROOT / name for name in names if name and not name.startswith(written)]


def name_of(path: Path) -> str:
    """Return how a page is called in a test's id."""
    return path.relative_to(ROOT).as_posix()


def blocks(path: Path, language: str = "python") -> list[str]:
    """Return the fenced blocks of a language, from the top."""
    text = path.read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def prose(path: Path) -> str:
    """Return a page without its fenced blocks."""
    text = path.read_text("utf-8")
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def inline(path: Path) -> list[str]:
    """Return the code that stands within the prose of a page."""
    return re.findall(r"`([^`\n]+)`", prose(path))


def commands(path: Path) -> list[str]:
    """Return the command lines of a page, and the keys that stand alone in its prose.

    Keys in a line's remark, as in ``run.py experiment=a  # or model.cell=gru``, make a
    command each.
    """
    lines = [line for block in blocks(path, "console") for line in prompted(block)]
    lines += re.findall(r"^ {4}(\S.*)$", prose(path), re.MULTILINE)
    found = []
    for line in [*lines, *inline(path)]:
        # What follows three blanks or a sharp sign explains.
        command, *remark = re.split(r" {3,}| +# ", line, maxsplit=1)
        parts = command.split(" && ")
        found += [part for part in parts if PROGRAM.match(part)]
        found += [part for part in parts if FRAGMENT.fullmatch(part)]
        if "experiments/run.py" in command or command.startswith("jlstm run "):
            keys = re.findall(rf"{KEY}=[\w.]+", "".join(remark))
            found += [f"{command} {key}" for key in keys]
    return found


def prompted(block: str) -> list[str]:
    """Return what is typed in a console: the lines with a prompt, or else all."""
    lines = block.splitlines()
    return [line[2:] for line in lines if line.startswith("$ ")] or lines
