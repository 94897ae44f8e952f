"""The HTTP face of a trained run.

Routes: ``/health``, ``/metrics``, ``/model``, ``/predict`` for inputs as JSON,
``/predict/file`` for a file as the task reads it, ``/sessions`` for inputs that are
read as they come; ``/openapi.json`` describes them.
"""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path, PurePosixPath

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from jlstm.cli.serving.batches import Batches, Inputs
from jlstm.cli.serving.body import LimitedBody
from jlstm.cli.serving.ending import Ending
from jlstm.cli.serving.limits import Limits
from jlstm.cli.serving.models import Fed, Input, Many, Model, Opened, Rows, State
from jlstm.cli.serving.numbers import Numbers
from jlstm.cli.serving.sessions import NoSessionError, Sessions
from jlstm.cli.serving.worker import BusyError, Worker
from jlstm.tasks.runs import TrainedRun
from jlstm.training.config.schema import plain
from jlstm.training.experiment import Row
from jlstm.training.variables import unresolved

Answer = Callable[[Request], Awaitable[Response]]


def make_app(run: TrainedRun, limits: Limits | None = None) -> FastAPI:
    """Return an ASGI application that answers with what a run has learned.

    Args:
        run: of :func:`jlstm.load_run`.
        limits: what it takes on at most; ``None`` is :class:`Limits` as it is.
    """
    limits = limits or Limits()
    server = Server(run, limits)
    app = FastAPI(
        title=f"jlstm: {run.config.name or run.config.task}",
        description=f"A trained model, task={run.config.task}.",
        docs_url=None, redoc_url=None,  # their pages would load code from elsewhere
        lifespan=server.alive,
    )  # fmt: skip
    app.add_middleware(LimitedBody, most=limits.body, seconds=limits.seconds)
    app.middleware("http")(server.counted)
    app.add_middleware(Ending)
    for kind, status in STATUS.items():
        app.add_exception_handler(kind, partial(_said, status))
    app.add_exception_handler(RequestValidationError, _unread)
    route = app.add_api_route
    route("/health", server.health, response_model=State)
    route("/metrics", server.metrics, response_class=Response)
    route("/model", server.model, response_model=Model)
    if run.experiment.values:
        route("/predict", server.predict, methods=["POST"], response_model=Rows)
    route("/predict/file", server.predict_file, methods=["POST"], response_model=Rows,
          openapi_extra=FILE)  # fmt: skip
    if server.sessions is not None:
        route("/sessions", server.open, methods=["POST"], status_code=201,
              response_model=Opened)  # fmt: skip
        place = "/sessions/{name}"
        route(place, server.feed, methods=["POST"], response_model=Fed)
        route(place, server.close, methods=["DELETE"], status_code=204)
    return app


FILE = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"format": "binary"}}},
    }
}
"""What OpenAPI says of a route that reads its body itself."""

STATUS: dict[type[Exception], int] = {
    ValueError: 422, TypeError: 422, NotImplementedError: 422, NoSessionError: 404,
    BusyError: 503, TimeoutError: 504,
}  # fmt: skip
"""How HTTP calls what may go wrong; all else is 500, and a fault of jlstm."""


class Server:
    """What the routes of one run share."""

    def __init__(self, run: TrainedRun, limits: Limits) -> None:
        self._run, self._limits, self._numbers = run, limits, Numbers()
        self._worker = Worker(limits.waiting, limits.seconds)
        self._batches = Batches(
            self._rows, self._worker, limits.batch, limits.gather,
            self._numbers.batch.observe,
        )  # fmt: skip
        self.sessions = _sessions(run, limits)

    @contextlib.asynccontextmanager
    async def alive(self, app: FastAPI) -> AsyncIterator[None]:
        """Compute batches as long as the server runs."""
        serving = asyncio.create_task(self._batches.serve())
        yield
        serving.cancel()
        self._worker.close()

    async def counted(self, request: Request, answer: Answer) -> Response:
        """Answer, and count how and how fast."""
        begun, status = time.perf_counter(), 500
        try:
            response = await answer(request)
            status = response.status_code
            return response
        finally:
            route = getattr(request.scope.get("route"), "path", "none")
            self._numbers.requests.labels(route, status).inc()
            self._numbers.seconds.labels(route).observe(time.perf_counter() - begun)

    async def health(self) -> State:
        """Say that the server lives, and how much waits."""
        return State(status="ok", waiting=self._worker.waiting, sessions=self._open())

    async def metrics(self) -> Response:
        """Return counters for Prometheus."""
        self._numbers.sessions.set(self._open())
        self._numbers.waiting.set(self._worker.waiting)
        return Response(self._numbers.text(), media_type="text/plain; version=0.0.4")

    async def model(self) -> Model:
        """Say what was trained."""
        config = self._run.config
        return Model(
            task=config.task, name=config.name, inputs=self._run.experiment.values,
            streams=self.sessions is not None,
            config=unresolved(plain(config), self._run.texts or {}),
        )  # fmt: skip

    async def predict(self, many: Many) -> Rows:
        """Answer for inputs, together with those of other requests."""
        return Rows(rows=await self._batches.rows(many.inputs))

    async def predict_file(self, request: Request, name: str = "data") -> Rows:
        """Answer for the body, a file as the task reads it.

        ``name`` is that of the file; its end says what is in it.
        """
        body = await request.body()
        return Rows(rows=await self._worker.call(partial(self._of_file, body, name)))

    async def open(self) -> Opened:
        """Open a session: an input that is read as it comes."""
        assert self.sessions is not None  # else there is no such route
        return Opened(session=self.sessions.open())

    async def feed(self, name: str, one: Input) -> Fed:
        """Let a session read on."""
        assert self.sessions is not None
        feed = partial(self.sessions.feed, name, one.input)
        return Fed(row=await self._worker.call(feed))

    async def close(self, name: str) -> None:
        """Close a session."""
        assert self.sessions is not None
        self.sessions.close(name)

    def _rows(self, inputs: Inputs) -> list[Row]:
        return list(self._run.predict(inputs))

    def _of_file(self, body: bytes, name: str) -> list[Row]:
        if not body:
            raise ValueError("The body is empty: send the file as it is.")
        safe = safe_name(name)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / safe
            path.write_bytes(body)
            try:
                return list(self._run.predict(path))
            except (ValueError, OSError) as error:
                raise ValueError(str(error).replace(f"{folder}/", "")) from None

    def _open(self) -> int:
        return 0 if self.sessions is None else len(self.sessions)


def safe_name(name: str) -> str:
    """Return the name of a file alone, its end where it is long.

    Example:
        >>> safe_name("../../a.csv"), safe_name(".."), len(safe_name("a" * 300))
        ('a.csv', 'data', 200)
    """
    last = PurePosixPath(name.replace("\\", "/").replace("\0", "")).name.lstrip(".")
    return last.encode(errors="replace")[-200:].decode(errors="ignore") or "data"


def _sessions(run: TrainedRun, limits: Limits) -> Sessions | None:
    """Return where streams are kept, where the task reads any."""
    try:
        run.stream()
    except NotImplementedError:
        return None
    return Sessions(run.stream, limits.sessions, limits.idle)


async def _said(status: int, request: Request, error: Exception) -> Response:
    """Return an error as JSON, in the form that FastAPI's own errors have."""
    text = str(error)
    if isinstance(error, TimeoutError):
        text = "The answer took too long: send less, or come again later."
    return JSONResponse({"detail": " ".join(text.split())}, status)


async def _unread(request: Request, error: Exception) -> Response:
    """Return what is wrong with a body of JSON as one line."""
    assert isinstance(error, RequestValidationError)
    found = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
    wanted = 'send JSON, with "content-type: application/json", as /openapi.json says'
    text = " ".join("; ".join(found).split())  # a key may have ends of lines
    return JSONResponse({"detail": f"{text}: {wanted}."}, 422)
