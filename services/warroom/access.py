"""Who may post what: bearer tokens, and a limit on how much."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from fastapi import Header, HTTPException
from kit import Problem
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Authorization = Annotated[str, Header()]
Who = Literal["team", "instructor"]


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

    def check(authorization: Authorization = "") -> None:
        if not _is(_given(authorization, whose), token):
            raise Problem(403, "Forbidden", f"This is not the {whose} token of this lab.")

    return check


class Access:
    """Dependencies for what the team or an instructor may do. Without an instructor's token there is no instructor."""

    def __init__(self, team: str, instructor: str | None) -> None:
        self._team = team
        self._instructor = instructor

    def actor(self, authorization: Authorization = "") -> Who:
        """Who asks. 401 without a token, 403 with one that is nobody's."""
        who = self.whose(_given(authorization, "team or instructor"))
        if who is None:
            raise Problem(403, "Forbidden", "This is neither the team token nor the instructor token of this lab.")
        return who

    def whose(self, token: str) -> Who | None:
        """Whose token that is."""
        if self._instructor and _is(token, self._instructor):
            return "instructor"
        return "team" if _is(token, self._team) else None

    def instructor(self, authorization: Authorization = "") -> Who:
        """403 for the team."""
        if self.actor(authorization) != "instructor":
            raise Problem(403, "Forbidden", "Only an instructor may do that: labctl --as instructor, or LAB_TOKEN.")
        return "instructor"


def _given(authorization: str, whose: str) -> str:
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        detail = f"Send the {whose} token: Authorization: Bearer <token>."
        raise Problem(401, "Unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
    return given.strip()


def _is(given: str, token: str) -> bool:
    return secrets.compare_digest(given.encode(), token.encode())


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
