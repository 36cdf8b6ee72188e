"""How much a request's body may hold. Pure ASGI."""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kit.problems import ProblemResponse

MAX_BYTES = 2**20
_REFUSAL = f"The body is larger than {MAX_BYTES} bytes; send less at a time."


class Bodies:
    """Refuses bodies of more than `MAX_BYTES` with 413: at once if their length is given, else when they exceed it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = dict(scope.get("headers", ())).get(b"content-length", b"")
        if length.isdigit() and int(length) > MAX_BYTES:
            await ProblemResponse(413, HTTPStatus(413).phrase, _REFUSAL)(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MAX_BYTES:
                raise HTTPException(413, _REFUSAL)
            return message

        await self._app(scope, counted, send)
