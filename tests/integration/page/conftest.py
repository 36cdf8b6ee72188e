"""A real Chromium, and the page in it without a war room: its files come from the disk, its answers from the test."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from warroom.page import PAGE, TYPES

from tests import browsers
from tests.browsers import Viewer

ADDRESS = "http://page.test"
# What the stream says where no drill is under way.
IDLE = {"id": None, "phase": "idle", "paused": False, "gate": "No drill is under way.", "preparing": ""}
EMPTY = "<!doctype html><title>modules</title>"

Query = dict[str, list[str]]
Answer = Callable[[Query], Any]


class Screen:
    """Somebody's tab. `answers` says what the war room answers to a path of its API: JSON, what makes it of the query,
    or a problem's (status, sentence). Whatever else is asked for is in no use: 404."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.page = viewer.page
        self.answers: dict[str, Any | Answer] = {"/api/who": {"who": "team"}}
        self.asked: list[tuple[str, Query]] = []
        self.page.route(f"{ADDRESS}/**", self._route)

    def open(self, path: str, heading: str) -> Page:
        """The view of a path, once it has its heading."""
        self.page.goto(ADDRESS + path)
        self.page.get_by_role("heading", level=1, name=heading).wait_for()
        return self.page

    def questions(self, path: str) -> list[Query]:
        return [query for asked, query in self.asked if asked == path]

    def _route(self, route: Route) -> None:
        url = urlsplit(route.request.url)
        if url.path.startswith("/page/"):
            file = PAGE / url.path.removeprefix("/page/")
            route.fulfill(body=file.read_bytes(), content_type=TYPES[file.suffix])
        elif url.path.startswith("/api/"):
            self._answer(route, url.path, parse_qs(url.query))
        else:
            route.fulfill(body=(PAGE / "index.html").read_bytes(), content_type="text/html")

    def _answer(self, route: Route, path: str, query: Query) -> None:
        self.asked.append((path, query))
        found = self.answers.get(path, (404, f"There is no {path}."))
        found = found(query) if callable(found) else found
        if path == "/api/live":
            route.fulfill(body=f"event: status\ndata: {json.dumps(IDLE)}\n\n", content_type="text/event-stream")
        elif isinstance(found, tuple):
            body = {"type": "about:blank", "title": "Refused", "status": found[0], "detail": found[1]}
            route.fulfill(status=found[0], body=json.dumps(body), content_type="application/problem+json")
        else:
            route.fulfill(body=json.dumps(found), content_type="application/json")


@contextmanager
def screen(browser: Browser, **more: Any) -> Iterator[Screen]:
    viewer = browsers.look(browser, ADDRESS, **{"timezone_id": "UTC", **more})
    viewer.tolerated += ["status of 404", "status of 503"]  # what a test has answered so
    yield Screen(viewer)
    viewer.page.context.close()
    assert viewer.errors == []


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Until the last test of a file: while Playwright runs, nothing else in this process can have an event loop."""
    expect.set_options(timeout=browsers.PATIENCE_MS)
    with browsers.chromium() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def modules(browser: Browser) -> Iterator[Page]:
    """Nothing but the page's modules, to be imported: one for all tests of a file, since they leave nothing behind."""
    with screen(browser) as shown:
        shown.page.route(ADDRESS + "/", lambda route: route.fulfill(body=EMPTY, content_type="text/html"))
        shown.page.goto(ADDRESS)
        yield shown.page


@pytest.fixture
def tab(browser: Browser) -> Iterator[Screen]:
    with screen(browser) as shown:
        yield shown
