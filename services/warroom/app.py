"""The war room's app: Alertmanager's webhook, the list of pages, acknowledgement, runbooks, and the pager itself."""

import asyncio
import base64
import contextlib
import hashlib
import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import httpx
import kit
from fastapi import Depends, FastAPI, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from kit import Problem
from pydantic import BaseModel, field_validator

from warroom.access import BodyLimit, bearer, read_token
from warroom.dashboards import Dashboards
from warroom.endings import Endings
from warroom.notification import Notification
from warroom.pages import Page, Pages
from warroom.runbooks import Runbooks

log = logging.getLogger("warroom")

HERE = Path(__file__).parent
LARGEST_BODY = 1024 * 1024  # bytes; a page is about 1 kB


class Settings(kit.Settings):
    """The token files hold one token each. Without `alertmanager_url` only webhooks tell of an alert's end.

    `grafana_url` and `prometheus_url` are for links: what a browser calls them.
    """

    service: str = "warroom"
    webhook_token_file: Path
    team_token_file: Path
    state_dir: Path
    alertmanager_url: str = ""
    grafana_url: str = ""
    prometheus_url: str = ""
    runbooks_dir: Path = HERE.parents[1] / "alerts" / "runbooks"

    @field_validator("webhook_token_file", "team_token_file")
    @classmethod
    def _holds_a_token(cls, path: Path) -> Path:
        read_token(path)
        return path


class Received(BaseModel):
    alerts: int
    new_pages: int


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings()
    pages = Pages(settings.state_dir / "pages.sqlite")
    runbooks = Runbooks(settings.runbooks_dir)
    dashboards = Dashboards(settings.grafana_url, settings.prometheus_url)
    pager = (HERE / "pager.html").read_text()
    alertmanager_only = Depends(bearer(read_token(settings.webhook_token_file), "webhook"))
    team_only = Depends(bearer(read_token(settings.team_token_file), "team"))

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if not settings.alertmanager_url:
            yield
            return
        async with httpx.AsyncClient(base_url=settings.alertmanager_url, timeout=2) as alertmanager:
            watching = asyncio.create_task(Endings(pages, alertmanager).watch())
            yield
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    app = kit.create_app(settings, title="War room", lifespan=lifespan)
    app.add_middleware(BodyLimit, limit=LARGEST_BODY)

    @app.post("/webhooks/alertmanager", dependencies=[alertmanager_only])
    def receive(notification: Notification) -> Received:
        new = pages.receive(notification.alerts)
        for alert in notification.alerts:
            fields = {name: alert.labels.get(name, "") for name in ("alertname", "severity")}
            log.info("alert received", extra={"status": alert.status, "about": alert.labels.get("service"), **fields})
        return Received(alerts=len(notification.alerts), new_pages=new)

    @app.get("/api/pages")
    def list_pages(limit: Annotated[int, Query(ge=1, le=1_000)] = 100) -> list[Page]:
        return pages.list(limit)

    @app.post("/api/pages/{page_id}/ack", dependencies=[team_only])
    def acknowledge(page_id: str) -> Page:
        page = pages.acknowledge(page_id)
        if page is None:
            raise Problem(404, "Not Found", f"There is no page {page_id!r}; GET /api/pages lists them.")
        return page

    @app.get("/runbooks/{alertname}", response_class=HTMLResponse)
    def runbook(alertname: str) -> HTMLResponse:
        html = runbooks.html(alertname)
        if html is None:
            raise Problem(
                404, "Not Found", f"There is no runbook {alertname!r}; there are {', '.join(runbooks.names)}."
            )
        return _page(html)

    @app.get("/d/{uid}", response_class=HTMLResponse)
    def dashboard(uid: str, request: Request) -> Response:
        address = dashboards.address(uid, request.url.query)
        return RedirectResponse(address, 302) if address else _page(dashboards.html(uid))

    @app.get("/", response_class=HTMLResponse)
    def show_pager() -> HTMLResponse:
        return _page(pager)

    return app


def _page(html: str) -> HTMLResponse:
    """The HTML with a policy under which only its own script runs, and talks to this server alone."""
    scripts = [hashlib.sha256(text.encode()).digest() for text in re.findall(r"<script>(.*?)</script>", html, re.S)]
    allowed = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in scripts) or "'none'"
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return HTMLResponse(html, headers={"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"})
