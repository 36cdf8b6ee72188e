"""The war room's app: its routers, and what goes on beside requests."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
import kit
from fastapi import FastAPI, Request
from kit.problems import ProblemResponse

from lab.drill.rules import Refused
from lab.errors import LabError, UsageError
from warroom import (
    boards,
    drill_api,
    instructing,
    live,
    looking,
    mending_api,
    page,
    pager_api,
    room,
    sql_api,
    topics,
    validation_api,
    workshop,
)
from warroom.access import BodyLimit
from warroom.causes import routes as causes
from warroom.endings import Endings
from warroom.gateway import Gateway, briefing, routes
from warroom.looking import Looking
from warroom.room import Room
from warroom.settings import Settings

LARGEST_BODY = 1024 * 1024  # bytes; a page is about 1 kB

__all__ = ["LARGEST_BODY", "Settings", "create_app", "serve"]


def create_app(settings: Settings | None = None) -> FastAPI:
    return serve(room.build(settings or Settings()))


def serve(parts: Room) -> FastAPI:
    """The app over a room that has been put together already."""
    settings, access = parts.settings, parts.access
    gateway = Gateway(settings, parts.drills, access.whose)
    stores = Looking(settings.prometheus_api_url or settings.prometheus_url, settings.traces_url, settings.logs_url)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(gateway.aclose)
            stack.push_async_callback(stores.aclose)
            running = [asyncio.create_task(parts.conductor.run()), asyncio.create_task(stream.run())]
            if address := settings.alertmanager_url:
                alertmanager = await stack.enter_async_context(httpx.AsyncClient(base_url=address, timeout=2))
                running.append(asyncio.create_task(Endings(parts.pages, alertmanager).watch()))
            yield
            parts.stopping.set()
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    shop = workshop.build(parts)
    mending = shop.mending if shop else None
    stream = topics.live(parts, mending, lambda: drill_api.stands(parts, parts.drills.current()))
    app = kit.create_app(settings, title="War room", lifespan=lifespan)
    app.state.leave = stream.leave
    app.add_middleware(BodyLimit, limit=LARGEST_BODY)
    app.add_exception_handler(LabError, _refused)
    app.include_router(page.router())
    app.include_router(live.router(stream))
    app.include_router(pager_api.router(parts))
    app.include_router(sql_api.router(parts))
    app.include_router(drill_api.router(parts))
    app.include_router(instructing.router(parts))
    app.include_router(boards.router(settings.dashboards_dir))
    app.include_router(looking.router(stores))
    app.include_router(causes.router(parts.drills, access.actor, settings.scenarios_dir, settings))
    if shop is not None:
        parts.conductor.held = lambda: shop.mending.busy
        shop.mending.recover()
    app.include_router(mending_api.router(parts, mending))
    app.include_router(validation_api.router(parts, shop.validating if shop else None))
    app.include_router(routes(gateway, access.instructor))
    app.include_router(briefing(parts.drills, access.actor, services=settings.services_dir, spec=settings.team_spec))
    return app


async def _refused(_: Request, error: Exception) -> ProblemResponse:
    """Every sentence of the lab's is an answer: 409 not now, 422 never so, 503 what could not be done."""
    if isinstance(error, Refused):
        return ProblemResponse(409, "Conflict", str(error))
    if isinstance(error, UsageError):
        return ProblemResponse(422, "Unprocessable Content", str(error))
    return ProblemResponse(503, "Service Unavailable", str(error))
