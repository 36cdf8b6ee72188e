"""The gateway's addresses."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from kit import Problem

from warroom.gateway import sse
from warroom.gateway.gateway import Gateway

ASKING = ("/v1/messages", "/v1/chat/completions", "/v1/responses")
MODELS = "/v1/models"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def routes(gateway: Gateway, instructor: Callable[..., Any]) -> APIRouter:
    """`instructor` is the dependency that lets only an instructor in. The provider's API is not ours to describe."""
    router = APIRouter()

    @router.get("/api/drill/ai/live", dependencies=[Depends(instructor)], include_in_schema=False)
    async def live() -> StreamingResponse:
        return StreamingResponse(gateway.live.watch(), media_type=sse.MEDIA_TYPE, headers={"Cache-Control": "no-store"})

    async def ask(request: Request) -> Response:
        return await gateway.ask(request, request.url.path)

    for path in ASKING:
        router.add_api_route(path, ask, methods=["POST"], include_in_schema=False)
    router.add_api_route(MODELS, ask, methods=["GET"], include_in_schema=False)

    @router.api_route("/v1/{rest:path}", methods=METHODS, include_in_schema=False)
    async def elsewhere(request: Request, rest: str) -> None:
        known = ", ".join(f"POST {path}" for path in ASKING)
        detail = f"{request.method} /v1/{rest[:80]} is not passed on; there are {known} and GET {MODELS}."
        problem = Problem(404, "Not Found", detail)
        await gateway.refuse(request, problem)
        raise problem

    return router
