"""Limits on the body of a request, whatever its headers claim."""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from starlette.exceptions import HTTPException

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
CLOSED = {"connection": "close"}
"""What may still come of a body is not waited for."""


class LimitedBody:
    """An ASGI application with requests of so many bytes, within so many seconds."""

    def __init__(self, app: Any, most: int, seconds: float) -> None:
        self._app, self._most, self._seconds = app, most, seconds

    async def __call__(self, scope: Any, receive: Receive, send: Any) -> None:
        """Answer a request; the part of it that is too much is not kept."""
        came, whole, end = 0, False, time.monotonic() + self._seconds

        async def counted() -> Message:
            nonlocal came, whole
            if whole:  # all that may come is that the client goes away
                return await receive()
            message = await self._in_time(receive, end - time.monotonic())
            came += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if came > self._most:
                said = f"The body has more than {self._most} bytes: send less."
                raise HTTPException(413, said, CLOSED)
            return message

        await self._app(scope, counted, send)

    async def _in_time(self, receive: Receive, left: float) -> Message:
        try:
            return await asyncio.wait_for(receive(), left)
        except TimeoutError:
            said = f"The body took more than {self._seconds:g} seconds: send it faster."
            raise HTTPException(408, said, CLOSED) from None
