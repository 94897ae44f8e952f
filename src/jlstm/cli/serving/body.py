"""A limit on the body of a request, whatever its headers claim."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from starlette.exceptions import HTTPException

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]


class LimitedBody:
    """An ASGI application with requests of at most so many bytes."""

    def __init__(self, app: Any, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Any, receive: Receive, send: Any) -> None:
        """Answer a request; the part of it that is too much is not kept."""
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > self._most:
                said = f"The body has more than {self._most} bytes: send less."
                raise HTTPException(413, said)
            return message

        await self._app(scope, counted, send)
