"""Who may post what: bearer tokens, and a limit on how much."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from fastapi import Header, HTTPException
from kit import Problem
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def read_token(path: Path) -> str:
    """Raises ValueError with half a sentence."""
    try:
        token = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot be read ({error})") from None
    if len(token) < 16:
        raise ValueError("holds no token of 16 characters or more")
    return token


def bearer(token: str, whose: str) -> Callable[[str], None]:
    """A dependency that lets in only requests that carry `token`."""

    def check(authorization: Annotated[str, Header()] = "") -> None:
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() != "bearer" or not given:
            detail = f"Send the {whose} token: Authorization: Bearer <token>."
            raise Problem(401, "Unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
        if not secrets.compare_digest(given.strip().encode(), token.encode()):
            raise Problem(403, "Forbidden", f"This is not the {whose} token of this lab.")

    return check


class BodyLimit:
    """Pure ASGI: a request body of more than `limit` bytes is refused with 413 as soon as it is seen to be."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._limit:
                # FastAPI lets this one through from where it reads the body.
                raise HTTPException(413, f"A body may have {self._limit} bytes at most.")
            return message

        await self._app(scope, limited, send)
