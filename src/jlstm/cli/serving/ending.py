"""What a server does with requests that it cannot answer any more, as it ends."""

import asyncio
import os
import sys
import threading
from typing import Any

from starlette.responses import JSONResponse

from jlstm.cli.serving.worker import THREAD

STOPPED = "The server stops: ask again when it is back."


class Ending:
    """An ASGI application whose cancelled requests get an answer that says why."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request, or say that the server stops."""
        begun = False

        async def noted(message: Any) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except asyncio.CancelledError:
            if scope["type"] != "http" or begun:
                raise
            await JSONResponse({"detail": STOPPED}, 503)(scope, receive, send)


def leave_computing(patience: float = 1.0) -> None:
    """End the process if its model still computes what nobody waits for.

    Python would wait for that at its own end, which may take minutes.
    """
    computing = [one for one in threading.enumerate() if one.name.startswith(THREAD)]
    for one in computing:
        one.join(patience)
    if any(one.is_alive() for one in computing):
        sys.stdout.flush()
        os._exit(0)
