"""A request's body: bounded, and a JSON object."""

import json

from fastapi import Request
from kit import Problem
from starlette.exceptions import HTTPException

LARGEST = 1024 * 1024  # bytes
_TOO_LARGE = f"The request is larger than {LARGEST} bytes; send less of the conversation."


async def read(request: Request) -> tuple[bytes, Problem | None]:
    """What came, and what is wrong with it. Of a body that is too large only the beginning is read."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST:
                return bytes(body[:LARGEST]), Problem(413, "Content Too Large", _TOO_LARGE)
    except HTTPException:  # a limit that stands before this one
        return bytes(body), Problem(413, "Content Too Large", _TOO_LARGE)
    return bytes(body), _wrong(body)


def _wrong(body: bytearray) -> Problem | None:
    try:
        is_object = isinstance(json.loads(body.decode()), dict)
    except (ValueError, RecursionError):
        return Problem(400, "Bad Request", "The body is not valid JSON; send what the AI provider's API describes.")
    if not is_object:
        return Problem(400, "Bad Request", "The body is not a JSON object; send what the AI provider's API describes.")
    return None
