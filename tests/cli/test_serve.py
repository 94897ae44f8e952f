"""A trained run over HTTP: the same answers, limits that hold, nothing that leaks."""

import asyncio
import json
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import replace
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

pytest.importorskip("fastapi", reason="what serves comes with jlstm[serve]")
pytest.importorskip("httpx2", reason="the client of these tests is not installed")

from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException

from jlstm.cli.main import main
from jlstm.cli.serving.app import make_app, safe_name
from jlstm.cli.serving.batches import Batches
from jlstm.cli.serving.body import LimitedBody
from jlstm.cli.serving.ending import Ending
from jlstm.cli.serving.limits import Limits
from jlstm.cli.serving.sessions import NoSessionError, Sessions
from jlstm.cli.serving.worker import BusyError, Worker
from jlstm.data import Vocab
from jlstm.tasks import find_task
from jlstm.tasks.runs import TrainedRun

TEXT = "the cat sat on the mat and the dog ran to it"


def drawn(task, prep, **given):
    """Return a run whose model was never trained."""
    kind = find_task(task)
    config = replace(kind.Config(), task=task, **given)
    made = kind(config)
    ready = kind.Prep(**prep)
    return TrainedRun(Path("none"), made, ready, made.make_model(ready, nnx.Rngs(0)))


def classifier():
    vocab = Vocab.from_text(f"{TEXT} <unk>", "word")
    return drawn("classify", {"classes": ("bad", "good"), "vocab": vocab})


def writer(task="language"):
    return drawn(task, {"vocab": Vocab.from_text(TEXT, "char")})


def serve(run, **limits):
    return TestClient(make_app(run, Limits(**limits)))


def test_answers_are_those_of_the_run():
    run, texts = classifier(), ["the cat sat", "the dog ran to it", "the mat"]
    wanted = list(run.predict(texts))
    with serve(run) as client:
        found = client.post("/predict", json={"inputs": texts}).json()["rows"]
        body = "\n".join(texts).encode()
        of_file = client.post("/predict/file?name=a.txt", content=body).json()["rows"]
        assert client.get("/model").json()["inputs"] == "texts"
        assert client.get("/health").json() == {
            "status": "ok", "waiting": 0, "sessions": 0,
        }  # fmt: skip
    for rows in (found, of_file):
        assert [row["class"] for row in rows] == [row["class"] for row in wanted]
        chances = [row["probability"] for row in wanted]
        np.testing.assert_allclose([row["probability"] for row in rows], chances, 1e-5)


REFUSED = {
    "no text": ("/predict", {"json": {"inputs": ["", "a"]}}, 422, "text 1 is empty"),
    "a number": ("/predict", {"json": {"inputs": [3]}}, 422, "text 1 is 3"),
    "a long value": ("/predict", {"json": {"inputs": [[7] * 600]}}, 422, "7, 7, ...]:"),
    "nothing": ("/predict", {"json": {"inputs": []}}, 422, "body.inputs: List should"),
    "another key": ("/predict", {"json": {"input": ["a"]}}, 422, "inputs"),
    "no JSON": ("/predict", {"content": b"{"}, 422, "send JSON"),
    "no file": ("/predict/file", {"content": b""}, 422, "The body is empty"),
    "a table": ("/predict/file?name=../../a.tsv", {"content": b"good\tcat\n"}, 422,
                "a.tsv is a table"),
    "too much": ("/predict/file", {"content": b"a" * 2001}, 413, "more than 2000"),
    "in pieces": ("/predict", {"content": iter([b"a" * 1500] * 2)}, 413, "more than"),
    "no sessions": ("/sessions", {}, 404, "Not Found"),
}  # fmt: skip


LONG = "x" * 300
NAMES = {
    "../../a.tsv": "a.tsv", "a\\..\\b.tsv": "b.tsv", "..": "data", "": "data",
    "/": "data", ".hidden.tsv": "hidden.tsv", f"{LONG}.tsv": f"{LONG[:196]}.tsv",
    f"{'é' * 300}.tsv": f"{'é' * 98}.tsv", "a\0b.tsv": "ab.tsv",
    "a\ud800.tsv": "a?.tsv",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_that_of_a_file_in_its_own_folder(name, tmp_path):
    found = safe_name(name)
    assert found == NAMES[name]
    (tmp_path / found).write_bytes(b"x")
    assert [path.name for path in tmp_path.iterdir()] == [found]


async def reads(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    await asyncio.sleep(0.1)  # the answer takes longer than the body may
    await receive()


@pytest.mark.parametrize("more", [True, False])
def test_a_body_that_does_not_come_is_given_up(more):
    async def receive():
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"a", "more_body": more}

    answer = LimitedBody(reads, 99, 0.05)({"type": "http"}, receive, None)
    if not more:
        asyncio.run(answer)  # a body that came in time has no limit any more
        return
    with pytest.raises(HTTPException, match=r"took more than 0\.05 seconds") as found:
        asyncio.run(answer)
    assert found.value.status_code == 408
    assert found.value.headers == {"connection": "close"}


def test_who_waits_as_the_server_ends_is_told():
    async def waits(scope, receive, send):
        await asyncio.sleep(5)

    async def run():
        sent = []

        async def send(message):
            sent.append(message)

        answer = asyncio.create_task(Ending(waits)({"type": "http"}, None, send))
        await asyncio.sleep(0)
        answer.cancel()
        await answer
        return sent

    begun, body = asyncio.run(run())
    assert begun["status"] == 503 and b"The server stops" in body["body"]


def test_a_fault_of_ours_is_no_unknown_session():
    def broken(source):
        raise KeyError("weights")

    run = classifier()
    object.__setattr__(run, "predict", broken)
    with TestClient(make_app(run), raise_server_exceptions=False) as client:
        assert client.post("/predict", json={"inputs": ["the"]}).status_code == 500
    for ask in (Sessions.close, partial(Sessions.feed, source="t")):
        with pytest.raises(NoSessionError, match="There is no session 'nobody', or"):
            ask(Sessions(dict, 3, 9.0), "nobody")


def test_a_value_of_the_environment_is_not_shown():
    run = replace(classifier(), texts={"name": "${oc.env:NAME_OF_A_RUN}"})
    object.__setattr__(run.experiment, "config", replace(run.config, name="secret"))
    with serve(run) as client:
        shown = client.get("/model").json()["config"]
    assert shown["name"] == "${oc.env:NAME_OF_A_RUN}"


@pytest.mark.usefixtures("unchecked")
def test_what_does_not_fit_gets_one_line():
    with serve(classifier(), body=2000) as client:
        for name, (route, given, status, said) in REFUSED.items():
            answer = client.post(route, **given)
            text = json.dumps(answer.json()["detail"])
            assert answer.status_code == status and said in text, (name, text)
            assert "/jlstm" not in text and "Traceback" not in text, name
        counted = client.get("/metrics").text
        right = client.post("/predict", json={"inputs": ["the cat"]})
    assert right.status_code == 200
    assert 'requests_total{route="/predict",status="422"} 6.0' in counted


def test_a_session_reads_on_where_it_was():
    run = writer()
    whole = run.stream().feed(TEXT)
    with serve(run) as client:
        first, other = (client.post("/sessions").json()["session"] for _ in range(2))
        nats = []
        for part in (TEXT[:1], TEXT[1:14], TEXT[14:]):
            client.post(f"/sessions/{other}", json={"input": "cat"})
            row = client.post(f"/sessions/{first}", json={"input": part}).json()["row"]
            nats += row["nats"]
        assert client.get("/health").json()["sessions"] == 2
        wrong = client.post(f"/sessions/{first}", json={"input": "€"})
        again = client.post(f"/sessions/{first}", json={"input": "t"}).json()["row"]
        assert wrong.status_code == 422 and "€" in wrong.json()["detail"]
        assert client.delete(f"/sessions/{first}").status_code == 204
        gone = client.post(f"/sessions/{first}", json={"input": "t"})
    np.testing.assert_allclose(nats, whole["nats"], atol=2e-4)
    assert row["next"] == pytest.approx(whole["next"], abs=2e-4)
    twice = run.stream()
    twice.feed(TEXT)
    assert again["nats"] == pytest.approx(twice.feed("t")["nats"], abs=2e-4)
    assert gone.status_code == 404 and "no session" in gone.json()["detail"]


def test_nats_of_a_stream_are_those_of_the_model():
    run = writer()
    tokens = jnp.asarray(run.vocab.encode(TEXT), jnp.int32)
    _, features = run.model.features(tokens)
    chances = jax.nn.log_softmax(run.model.logits(features))
    wanted = -np.asarray(chances)[np.arange(len(tokens) - 1), tokens[1:]]
    found = run.stream().feed(TEXT)["nats"]
    np.testing.assert_allclose(found[1:], wanted, atol=1e-4)
    assert found[0] == pytest.approx(np.log(len(run.vocab)), abs=1e-4)


def test_music_is_heard_as_it_is_played():
    run = drawn("music", {"keys": 88})
    steps = [[60, 64], [60], [], [62, 65, 69], [60]]
    roll = np.zeros((5, 88), np.float32)
    for step, notes in enumerate(steps):
        roll[step, [note - 21 for note in notes]] = 1
    wanted = np.asarray(jax.nn.sigmoid(run.model(jnp.asarray(roll))[1][-1]))
    stream = run.stream()
    stream.feed(steps[:2])
    found = stream.feed(steps[2:])
    assert found["read"] == 3 and len(found["next"]) == (wanted >= 0.5).sum()
    assert sorted(found["next"].values()) == pytest.approx(
        sorted(wanted[wanted >= 0.5]), abs=1e-4
    )
    with pytest.raises(TypeError, match="A step is 60: give a list of steps"):
        stream.feed([60, 64])
    with pytest.raises(ValueError, match="Step 2 has the note 200; give MIDI numbers"):
        stream.feed([[60], [200]])


@pytest.mark.parametrize("task", ["transformer", "classify"])
def test_what_is_read_as_a_whole_has_no_sessions(task):
    run = writer(task) if task == "transformer" else classifier()
    with pytest.raises(NotImplementedError, match="as a whole"):
        run.stream()


def test_sessions_do_not_leak():
    with serve(writer(), sessions=3, idle=0.2) as client:
        names = [client.post("/sessions").json().get("session") for _ in range(4)]
        refused = client.post("/sessions")
        assert names[3] is None and refused.status_code == 503
        assert refused.json()["detail"].startswith("3 sessions are open")
        time.sleep(0.25)
        assert client.get("/health").json()["sessions"] == 0
        assert client.post("/sessions").status_code == 201


def test_waiting_requests_are_computed_together_and_fail_alone():
    sizes, gate = [], threading.Event()

    def predict(inputs):
        gate.wait(5)
        if "bad" in inputs:
            raise ValueError("bad is bad")
        return [{"of": one} for one in inputs for _ in range(2)]

    async def run():
        batches = Batches(predict, Worker(99, 5.0), 4, 0.0, sizes.append)
        serving = asyncio.create_task(batches.serve())
        asked = [["a"], ["b", "c"], ["bad"], ["d"], ["e", "f", "g", "h", "i"], ["j"]]
        rows = [asyncio.create_task(batches.rows(inputs)) for inputs in asked]
        await asyncio.sleep(0.05)
        gate.set()
        found = await asyncio.gather(*rows, return_exceptions=True)
        serving.cancel()
        return asked, found

    asked, found = asyncio.run(run())
    assert str(found.pop(2)) == "bad is bad" and asked.pop(2)
    for inputs, rows in zip(asked, found, strict=True):
        assert rows == [{"of": one} for one in inputs for _ in range(2)]
    assert sizes == [4, 1, 5, 1]  # a request is never cut


def test_who_waits_too_long_or_behind_too_many_is_told():
    async def run():
        worker = Worker(1, 0.05)
        slow = asyncio.create_task(worker.call(lambda: time.sleep(0.2)))
        await asyncio.sleep(0.01)
        with pytest.raises(BusyError, match="1 requests wait already"):
            await worker.call(int)
        with pytest.raises(TimeoutError):
            await slow
        await asyncio.sleep(0.2)
        assert await worker.call(lambda: 7) == 7  # and the place is free again
        worker.close()

    asyncio.run(run())


def test_the_command_refuses_what_it_cannot_do(capsys):
    for words, said in {
        "serve": "the following arguments are required: RUN",
        "serve none": "There is no folder none",
        "serve none --batch 0": "batch",
        "serve none --port x": "argument --port: invalid int value: 'x'",
    }.items():
        assert main(words.split()) == 2
        assert said in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_serves_until_it_is_interrupted(tmp_path):
    """What a user types, from a text to an answer, in processes of their own."""
    book = tmp_path / "book.txt"
    book.write_text(f"{TEXT}\n" * 400)
    command = [sys.executable, "-m", "jlstm"]
    told = ["data=text", f"data.path={book}", "train.epochs=1", "stream.window=16",
            "stream.batch_size=4", "sample.length=5"]  # fmt: skip
    subprocess.run([*command, "run", *told], cwd=tmp_path, check=True)
    (run,) = (tmp_path / "runs").glob("*/*")
    served = subprocess.Popen(
        [*command, "serve", run, "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    url = re.search(r"http://\S+", served.stdout.readline())[0]
    asked = urllib.request.Request(
        f"{url}/predict", b'{"inputs": ["the "]}', {"content-type": "application/json"}
    )
    with urllib.request.urlopen(asked, timeout=60) as answer:
        rows = json.load(answer)["rows"]
    assert rows[0]["prompt"] == "the " and len(rows[0]["text"]) == 5
    served.send_signal(signal.SIGINT)
    assert "stopped" in served.communicate(timeout=20)[0] and served.returncode == 0
