"""Errors as `application/problem+json` (RFC 9457)."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"

# How every operation's errors look in the OpenAPI document.
RESPONSES = {
    status: {
        "description": description,
        "content": {
            MEDIA_TYPE: {
                "schema": {
                    "type": "object",
                    "required": ["type", "title", "status", "detail"],
                    "properties": {
                        "type": {"type": "string", "format": "uri-reference"},
                        "title": {"type": "string"},
                        "status": {"type": "integer"},
                        "detail": {"type": "string"},
                    },
                }
            }
        },
    }
    for status, description in (("4XX", "The request was refused"), ("5XX", "The service failed"))
}


class Problem(Exception):
    """Raised in a handler, it becomes the response.

    `title` names the kind of problem and stays the same from case to case; `detail` is one sentence on this case.
    """

    def __init__(self, status: int, title: str, detail: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.headers = headers


class ProblemResponse(JSONResponse):
    media_type = MEDIA_TYPE

    def __init__(self, status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> None:
        content = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        super().__init__(content, status_code=status, headers=headers)


def internal_error() -> ProblemResponse:
    """What the client gets for an exception nobody handled: no inside is told."""
    return ProblemResponse(500, "Internal Server Error", "The service failed to answer; its log has the error.")


def stopping() -> ProblemResponse:
    """What the client gets for a request that was not done when the service had to stop."""
    return ProblemResponse(503, "Service Unavailable", "The service is stopping; ask again.", {"Retry-After": "1"})


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def _validation_detail(error: RequestValidationError) -> tuple[int, str]:
    errors = error.errors()
    first = errors[0]
    if first["type"] == "json_invalid":
        # Its location is an offset, e.g. ("body", 17).
        reason = first.get("ctx", {}).get("error", "")
        return 400, f"The body is not valid JSON at offset {first['loc'][-1]}: {reason}."
    place = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return 422, f"{place}: {message}{more}."


def install(app: FastAPI) -> None:
    """Makes every error the app answers with a problem."""

    @app.exception_handler(Problem)
    async def _problem(_: Request, error: Problem) -> ProblemResponse:
        return ProblemResponse(error.status, error.title, error.detail, error.headers)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> ProblemResponse:
        title = _phrase(error.status_code)
        detail = str(error.detail)
        if detail == title:  # Starlette's own: no such path, or not with this method
            detail = f"{title}: {request.method} {request.url.path}"
        return ProblemResponse(error.status_code, title, detail.rstrip(".") + ".", dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def _validation(_: Request, error: RequestValidationError) -> ProblemResponse:
        status, detail = _validation_detail(error)
        return ProblemResponse(status, _phrase(status), detail)
