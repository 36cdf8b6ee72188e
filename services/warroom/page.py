"""The page that people look at: the files of page/ as they are, and its one document at the address of every view."""

import hashlib
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response
from kit import Problem

PAGE = Path(__file__).parent / "page"
TYPES = {".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".svg": "image/svg+xml"}
# Views have addresses of their own, so that they can be sent to somebody; js/routes.js has the same.
VIEWS = (
    "/",
    "/boards",
    "/boards/{uid}",
    "/metrics",
    "/traces",
    "/traces/{trace_id}",
    "/logs",
    "/cause",
    "/mend",
    "/review",
    "/postmortem",
    "/history",
    "/instructor",
)
# Nothing runs, and nothing is drawn or asked for, but what this server has sent.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Cache-Control": "no-cache",  # asked for again each time, and answered with 304
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def router(folder: Path = PAGE) -> APIRouter:
    api = APIRouter()
    kept = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.suffix in TYPES}

    def document(request: Request) -> Response:
        return _file(request, kept["index.html"])

    for view in VIEWS:
        api.add_api_route(view, document, include_in_schema=False)

    @api.get("/page/{name:path}", include_in_schema=False)
    def file(name: str, request: Request) -> Response:
        if name not in kept:  # and so `name` is no path to anywhere else either
            raise Problem(404, "Not Found", f"The page has no file {name[:100]!r}.")
        return _file(request, kept[name])

    return api


def _file(request: Request, path: Path) -> Response:
    content = path.read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
    headers = HEADERS | {"ETag": tag}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=f"{TYPES[path.suffix]}; charset=utf-8")
