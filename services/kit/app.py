"""The composition of a service's app."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI

from kit import problems, telemetry
from kit.bodies import Bodies
from kit.requests import Requests
from kit.settings import Settings

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[Any]]


def create_app(settings: Settings, *, title: str, lifespan: Lifespan | None = None) -> FastAPI:
    """An app with traces, metrics, an access log and problem+json errors; it opens no port and starts no thread."""
    tracer = telemetry.set_up(settings.service).get_tracer("kit.requests")
    telemetry.span_metrics.name_peers(settings.peers())
    # The interactive pages load their scripts from a CDN; /openapi.json stays.
    app = FastAPI(
        title=title,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        responses=problems.RESPONSES,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    problems.install(app)
    app.add_middleware(Bodies)
    app.add_middleware(Requests, service=settings.service, tracer=tracer)
    return app
