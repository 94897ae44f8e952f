"""What comes as text: overrides of the command line and bodies of requests."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from flax import nnx

from jlstm.data import Vocab
from jlstm.tasks import find_task
from jlstm.tasks.runs import TrainedRun
from tests.fuzz.reader import REFUSED, Reader

OVERRIDES = (
    b"task=language\ntrain.epochs=3\noptimizer.learning_rate=1e-3",
    b"task=classify\ndata.path='a b.tsv'\nmodel.stack.hidden_sizes=[3,4]",
    b"task=memory\ntrain.seed=3\ndata={steps: 6}",
    b"experiment=adding_smoke\nname=${oc.env:HOME}\ntrain.hook=os.system",
    b"task=os.system\ntask._target_=os.system",
)
BUSY = 503, 504
TEXT = "the cat sat on the mat"


def commands() -> Iterator[Reader]:
    """Yield what reads overrides: a line of the file is one."""
    from jlstm.cli.compose import check_overrides, compose_run

    def read(path: Path) -> Any:
        return compose_run(_lines(path))

    seeds = {f"{n}": text for n, text in enumerate(OVERRIDES)}
    yield Reader(
        "overrides", seeds, lambda path: check_overrides(_lines(path)), share=0.1
    )
    yield Reader("configuration", seeds, read, share=0.1)


def bodies() -> Iterator[Reader]:
    """Yield the server, by what is sent to it; the name of a seed says where to."""
    from fastapi.testclient import TestClient

    from jlstm.cli.serving.app import make_app
    from jlstm.cli.serving.limits import Limits

    limits = Limits(body=100_000, seconds=8.0)
    apps = {"classify": _classifier(), "language": _writer()}
    clients: dict[str, Any] = {}

    def client(task: str) -> Any:
        if task not in clients:
            clients[task] = TestClient(make_app(apps[task], limits))
            clients[task].__enter__()
        return clients[task]

    def read(path: Path) -> Any:
        task, *way = path.name.split("+")
        place = "/" + "/".join(way).replace("=", "?name=")
        if place == "/sessions":
            opened = client(task).post(place).json()["session"]
            place = f"{place}/{opened}"
        how = _answer(_sent(client(task), place, path.read_bytes()))
        if "sessions" in place:
            client(task).delete(place)
        return how

    seeds = {
        "classify+predict": b'{"inputs": ["the cat sat", "the mat"]}',
        "classify+predict+file=a.txt": b"the cat sat\nthe mat\n",
        "language+predict": b'{"inputs": ["the ca", "on the"]}',
        "language+sessions": b'{"input": "the cat"}',
    }
    yield Reader("bodies of requests", seeds, read, share=0.02)


def _sent(client: Any, place: str, body: bytes) -> Any:
    kind = "application/json" if "file" not in place else "application/octet-stream"
    return client.post(place, content=body, headers={"content-type": kind})


def _answer(response: Any) -> str | None:
    """Return how a server answered; fail where that is neither 2xx nor our line."""
    if response.status_code < 300:
        return None
    said = response.json()["detail"]
    ours = 400 <= response.status_code < 500 or response.status_code in BUSY
    assert ours, f"{response.status_code} {said}"
    assert said.strip() and len(said.splitlines()) == 1, f"several lines: {said}"
    return REFUSED


def _classifier() -> TrainedRun:
    vocab = Vocab.from_text(f"{TEXT} <unk>", "word")
    return _drawn("classify", {"classes": ("bad", "good"), "vocab": vocab})


def _writer() -> TrainedRun:
    return _drawn("language", {"vocab": Vocab.from_text(TEXT, "char")})


def _drawn(task: str, prep: dict[str, Any]) -> TrainedRun:
    """Return a run whose model was never trained."""
    kind = find_task(task)
    made = kind(replace(kind.Config(), task=task))
    ready = kind.Prep(**prep)
    return TrainedRun(Path("none"), made, ready, made.make_model(ready, nnx.Rngs(0)))


def _lines(path: Path) -> list[str]:
    return path.read_bytes().decode("utf-8", "surrogateescape").split("\n")
