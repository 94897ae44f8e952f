"""Set up and run jlstm with nothing but Python 3.11 or newer and pip.

    python3 dev.py demo [override ...]          train the demonstration model
    python3 dev.py test [--long|--all] [argument ...]    run the tests and the doctests:
                                                --long trainings and pages too, --all
                                                every row of every table
    python3 dev.py lint [--fix]                 check style and format
    python3 dev.py types                        check a user's script by two checkers
    python3 dev.py docs                         run the tutorial, build the site
    python3 dev.py sanitize                     test the CPU kernel on a build that
                                                watches every access to memory
    python3 dev.py derive                       write what follows from the source:
                                                exports of cells, the reference
    python3 dev.py wheel [LEVEL ...]            a wheel for Linux with the CPU kernel
                                                compiled in, for who has no compiler
    python3 dev.py aot                          compile for a GPU and a TPU that are not
                                                here, and compare with the table
    python3 dev.py setup [run|test|dev|peers|aot|docs]    only prepare the environment
    python3 dev.py lock [--upgrade]             write requirements/*.txt again

Options stand before the command: --venv DIR (or JLSTM_VENV; .venv unless given) is the
environment to make and use, --python PATH the interpreter to make it with.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - for whoever runs it with an older one
    sys.exit(
        f"dev.py: Python {sys.version.split()[0]} ({sys.executable}) is too old, jlstm "
        "needs 3.11 or newer: run it as `python3.11 dev.py ...`"
    )

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
LOCKS = ROOT / "requirements"
VERSION = ".".join(map(str, sys.version_info[:2]))
# What each lock holds. The last one is solved first, so that the same versions stand in
# all of them; a set that has all the words of another contains it.
BROUGHT = ("train", "interop", "serve", "sweep", "parquet")
EXTRAS = [word for extra in BROUGHT for word in ("--extra", extra)]
TEST = [*EXTRAS, "--group", "build", "--group", "test"]
PEERS = [*TEST, "--group", "dev", "--group", "peers"]
SETS = {
    "run": ["--extra", "train", "--group", "build"],
    "test": TEST,
    "dev": [*TEST, "--group", "dev"],
    "peers": PEERS,
    "aot": [*TEST, "--group", "peers", "--group", "aot"],
    "docs": [*PEERS, "--extra", "notebook", "--group", "docs"],
}
LEFT_OUT = {"--long": "not slow", "--all": ""}
COMPILE = [
    *("pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
    *("--generate-hashes", "--no-emit-index-url", "--no-header"),
]


class StepError(Exception):
    """A step failed; the message is the one line that the user sees."""


def say(text: str) -> None:
    """Print one line about what is being done, at once."""
    print(f"dev.py: {text}", flush=True)


def step(text: str, command: list[str | Path], hint: str) -> None:
    """Run a command that must succeed, and say what is done and how long it took."""
    say(f"{text} ...")
    start = time.monotonic()
    code = subprocess.call([str(part) for part in command], cwd=ROOT)
    if code != 0:
        raise StepError(f"{text} failed with exit code {code}: {hint}")
    say(f"{text}: {time.monotonic() - start:.1f} s")


class Environment:
    """The virtual environment in one folder and what it takes to fill it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.scripts = folder / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.scripts / ("python.exe" if os.name == "nt" else "python")

    def need(self, name: str) -> None:
        """Install one of SETS and jlstm itself, unless they are there already."""
        larger = [each for each in SETS if set(SETS[name]) <= set(SETS[each])]
        if self.usable() and any(map(self.is_stamped, larger)):
            return
        self.make()
        lock = LOCKS / f"{name}.txt"
        self.install(f"installing {lock.name}", ["--require-hashes", "-r", lock])
        self.install(
            "installing jlstm", ["--no-build-isolation", "--no-deps", "-e", ROOT]
        )
        self.stamp(name).write_text(digest(lock))

    def make(self) -> None:
        """Make the environment and put uv in it, unless that is done."""
        if importlib.util.find_spec("pip") is None:
            raise StepError(
                f"{sys.executable} has no pip: install it (on Debian and Ubuntu "
                "`apt install python3-pip`) or use another Python"
            )
        if not self.usable():
            say(f"making {self.folder} with Python {VERSION} ({sys.executable})")
            venv.create(self.folder, clear=True, symlinks=os.name != "nt")
        lock = LOCKS / "uv.txt"
        if self.is_stamped("uv"):
            return
        try:
            step("installing uv", [*self.pip(), "--require-hashes", "-r", lock], "")
        except StepError:
            say("uv cannot be had here: pip does its work, in about 30 s")
        self.stamp("uv").write_text(digest(lock))

    def usable(self) -> bool:
        """Whether the folder holds a working environment of this Python's version."""
        config = self.folder / "pyvenv.cfg"
        if not config.is_file():
            if self.folder.exists() and any(self.folder.iterdir()):
                raise StepError(
                    f"{self.folder} is not empty and no virtual environment: "
                    "name another folder with --venv"
                )
            return False
        if not self.python.exists():
            return False
        if f"version = {VERSION}." not in config.read_text():
            raise StepError(
                f"{self.folder} was not made by Python {VERSION}: delete it, "
                f"or use another with --venv .venv-{VERSION}"
            )
        return True

    def install(self, text: str, arguments: list[str | Path]) -> None:
        """Install with uv where there is one, else with pip."""
        uv = self.scripts / ("uv.exe" if os.name == "nt" else "uv")
        program = self.pip()
        if uv.exists():
            program = [uv, "pip", "install", "--quiet", "--python", self.python]
        step(text, [*program, *arguments], "see above; is there a network?")

    def pip(self) -> list[str | Path]:
        """Return the start of a pip command that installs into this environment."""
        options = ["--quiet", "--disable-pip-version-check"]
        pip = [sys.executable, "-m", "pip", "--python", self.python]
        return [*pip, "install", *options]

    def stamp(self, name: str) -> Path:
        """Return the file that says from which lock a set was installed."""
        return self.folder / f"jlstm-{name}.stamp"

    def is_stamped(self, name: str) -> bool:
        """Whether a set was installed from the lock and the project as they are."""
        stamp = self.stamp(name)
        return stamp.is_file() and stamp.read_text() == digest(LOCKS / f"{name}.txt")

    def run(self, *arguments: str) -> int:
        """Run Python in the environment and return its exit code."""
        say(" ".join(["python", *arguments]))
        return subprocess.call([str(self.python), *arguments], cwd=ROOT)


def digest(lock: Path) -> str:
    """Hash a lock, the project file and the place that jlstm is installed from."""
    parts = [lock.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), bytes(ROOT)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def found(python: str) -> str:
    """Return the path of an interpreter that was named by its path or its name."""
    path = shutil.which(python)
    if path is None:
        raise StepError(f"--python {python}: there is no such program")
    return path


def demo(environment: Environment, overrides: list[str]) -> int:
    """Train the demonstration model."""
    environment.need("run")
    return environment.run("experiments/run.py", "experiment=demo", *overrides)


def test(environment: Environment, arguments: list[str]) -> int:
    """Run the tests and the doctests, on all cores, leaving out what takes long."""
    environment.need("test")
    chosen = [word for word in arguments if word in LEFT_OUT]
    arguments = [word for word in arguments if word not in LEFT_OUT]
    left_out = LEFT_OUT[chosen[-1]] if chosen else "not slow and not long"
    if left_out and "-m" not in arguments:
        arguments = ["-m", left_out, *arguments]
    workers = ["-n", str(os.cpu_count() or 1), "--dist", "loadgroup"]
    return environment.run("-m", "pytest", *workers, *arguments)


def lint(environment: Environment, arguments: list[str]) -> int:
    """Check style and format, or with --fix mend what can be mended."""
    environment.need("dev")
    fix = "--fix" in arguments
    check = environment.run("-m", "ruff", "check", *(["--fix"] if fix else []))
    layout = environment.run("-m", "ruff", "format", *([] if fix else ["--check"]))
    return check or layout


def types(environment: Environment, arguments: list[str]) -> int:
    """Check tests/typed as a user's code: mypy and pyright know jlstm by py.typed."""
    environment.need("dev")
    mypy = environment.run("-m", "mypy", *arguments)
    python = str(environment.python)
    pyright = environment.run("-m", "basedpyright", "--pythonpath", python, *arguments)
    return mypy or pyright


def docs(environment: Environment, arguments: list[str]) -> int:
    """Run the pages of the tutorial and build the site; a warning is an error."""
    environment.need("docs")
    source, site = ROOT / "docs", ROOT / "docs" / "_build" / "html"
    code = environment.run("-m", "sphinx", "-W", *arguments, str(source), str(site))
    if code == 0:
        say(f"open {site / 'index.html'}")
    return code


def sanitize(environment: Environment, arguments: list[str]) -> int:
    """Test the CPU kernel under AddressSanitizer and UndefinedBehaviorSanitizer."""
    environment.need("test")
    return environment.run("-m", "tests.backends.native.sanitize", *arguments)


def derive(environment: Environment, arguments: list[str]) -> int:
    """Write what follows from the source: exports of cells, pages of the reference."""
    environment.need("test")
    return environment.run("-m", "tests.derived", *arguments)


def wheel(environment: Environment, arguments: list[str]) -> int:
    """Build a wheel for Linux that holds the CPU kernel, compiled for some levels."""
    environment.need("dev")
    family = arguments[0][:3] if arguments else "x86"
    build, dist = ROOT / "build", ROOT / "dist"
    os.environ["JLSTM_PREBUILT"] = folder = str(build / f"prebuilt-{family}")
    plain = build / f"wheel-{family}"
    shutil.rmtree(plain, ignore_errors=True)
    code = environment.run(
        "-m", "jlstm._backends.native.prebuild", folder, *arguments
    ) or environment.run("-m", "hatchling", "build", "-t", "wheel", "-d", str(plain))
    if code:
        return code
    os.environ["PATH"] = f"{environment.scripts}{os.pathsep}{os.environ['PATH']}"
    made = map(str, plain.glob("*.whl"))
    return environment.run("-m", "auditwheel", "repair", "-w", str(dist), *made)


def aot(environment: Environment, arguments: list[str]) -> int:
    """Compile some layers for an H100 and a TPU, and compare their launches."""
    environment.need("aot")
    os.environ["JLSTM_REQUIRE_COMPILERS"] = "1"
    tests = ("tests/benchmarks/test_elsewhere.py", "tests/test_howto.py")
    chosen = ("-k", "launches or pod")
    return environment.run("-m", "pytest", *tests, *chosen, *arguments)


def setup(environment: Environment, arguments: list[str]) -> int:
    """Prepare the environment for one of SETS."""
    name = arguments[0] if arguments else "dev"
    if name not in SETS:
        raise StepError(f"no set {name!r}: setup takes one of {', '.join(SETS)}")
    environment.need(name)
    say(f"{environment.folder} is ready for {name!r}")
    return 0


def lock(environment: Environment, arguments: list[str]) -> int:
    """Solve the dependencies again; pinned versions stay unless --upgrade is given."""
    environment.make()
    compile_ = [environment.python, "-m", "uv", *COMPILE, *arguments]
    hint = "see above"
    step("solving uv.txt", [*compile_, "--group", "uv", "-o", LOCKS / "uv.txt"], hint)
    largest, *smaller = reversed(SETS)
    for name in (largest, *smaller):
        agree = [] if name == largest else ["-c", f"requirements/{largest}.txt"]
        target = ["pyproject.toml", *SETS[name], "-o", f"requirements/{name}.txt"]
        step(f"solving {name}.txt", [*compile_, *agree, *target], hint)
    return 0


COMMANDS = {
    "demo": demo, "test": test, "lint": lint, "types": types, "docs": docs,
    "sanitize": sanitize, "derive": derive, "wheel": wheel, "aot": aot,
    "setup": setup, "lock": lock,
}  # fmt: skip


def main() -> int:
    """Parse the command line and run one command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", metavar="PATH")
    parser.add_argument("--venv", default=os.environ.get("JLSTM_VENV") or ".venv")
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if options.python:
        again = [__file__, "--venv", options.venv, options.command]
        return subprocess.call([found(options.python), *again, *options.arguments])
    environment = Environment((ROOT / options.venv).absolute())
    return COMMANDS[options.command](environment, options.arguments)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StepError as error:
        sys.exit(f"dev.py: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
