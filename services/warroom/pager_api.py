"""The pager over HTTP: Alertmanager's webhook, the pages, acknowledgement, runbooks, and where dashboards are."""

import base64
import hashlib
import logging
import re
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from kit import Problem
from pydantic import BaseModel

from warroom import dashboards
from warroom.access import Who, bearer, read_token
from warroom.notification import Notification
from warroom.pages import Page
from warroom.room import Room
from warroom.runbooks import Runbooks

log = logging.getLogger("warroom")


class Received(BaseModel):
    alerts: int
    new_pages: int


class Whose(BaseModel):
    who: Who


class Links(BaseModel):
    grafana: str
    jaeger: str
    prometheus: str


def router(room: Room) -> APIRouter:
    settings, pages = room.settings, room.pages
    runbooks = Runbooks(settings.runbooks_dir)
    alertmanager_only = Depends(bearer(read_token(settings.webhook_token_file), "webhook"))
    team_only = Depends(bearer(read_token(settings.team_token_file), "team"))
    api = APIRouter()

    @api.post("/webhooks/alertmanager", dependencies=[alertmanager_only])
    def receive(notification: Notification) -> Received:
        new = pages.receive(notification.alerts)
        for alert in notification.alerts:
            if alert.status == "firing" and not new:
                continue  # it fires on
            fields = {name: alert.labels.get(name, "") for name in ("alertname", "severity")}
            log.info("alert received", extra={"status": alert.status, "about": alert.labels.get("service"), **fields})
        return Received(alerts=len(notification.alerts), new_pages=new)

    @api.get("/api/pages")
    def list_pages(limit: Annotated[int, Query(ge=1, le=1_000)] = 100) -> list[Page]:
        return pages.list(limit)

    @api.post("/api/pages/{page_id}/ack", dependencies=[team_only])
    def acknowledge(page_id: str) -> Page:
        page = pages.acknowledge(page_id)
        if page is None:
            raise Problem(404, "Not Found", f"There is no page {page_id!r}; GET /api/pages lists them.")
        return page

    @api.get("/runbooks/{alertname}", response_class=HTMLResponse)
    def runbook(alertname: str) -> HTMLResponse:
        html = runbooks.html(alertname)
        if html is None:
            raise Problem(
                404, "Not Found", f"There is no runbook {alertname!r}; there are {', '.join(runbooks.names)}."
            )
        return _page(html)

    @api.get("/d/{uid}", include_in_schema=False)  # for browsers, as the page is
    def dashboard(uid: str, request: Request) -> RedirectResponse:
        return RedirectResponse(dashboards.address(settings.grafana_url, uid, request.url.query), 302)

    @api.get("/api/who")
    def whose(who: Annotated[Who, Depends(room.access.actor)]) -> Whose:
        """Whose token that is."""
        return Whose(who=who)

    @api.get("/api/links")
    def links() -> Links:
        """Where a browser finds what else runs; empty where it does not."""
        return Links(grafana=settings.grafana_url, jaeger=settings.jaeger_url, prometheus=settings.prometheus_url)

    return api


def _page(html: str) -> HTMLResponse:
    """The HTML with a policy under which only its own script runs, and talks to this server alone."""
    scripts = [hashlib.sha256(text.encode()).digest() for text in re.findall(r"<script>(.*?)</script>", html, re.S)]
    allowed = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in scripts) or "'none'"
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return HTMLResponse(html, headers={"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"})
