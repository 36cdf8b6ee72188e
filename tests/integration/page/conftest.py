"""A real Chromium, and the page's modules in it without a server: a module that draws or reckons needs none."""

import contextlib
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright
from warroom.page import PAGE, TYPES

ADDRESS = "http://page.test"
SHELL = '<!doctype html><html lang="en"><title>t</title><link rel="stylesheet" href="/page/css/tokens.css">'
SHELL += '<link rel="stylesheet" href="/page/css/base.css"><link rel="stylesheet" href="/page/css/charts.css">'
SHELL += '<body><main id="main"></main></body></html>'


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@contextlib.contextmanager
def blank(browser: Browser) -> Iterator[Page]:
    """An empty page of this lab's modules. What is written on its console as an error, or thrown, fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, timezone_id="UTC", color_scheme="dark")
    shown = context.new_page()
    wrong: list[str] = []
    shown.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    shown.on("pageerror", lambda error: wrong.append(str(error)))
    shown.route(f"{ADDRESS}/**", _file)
    shown.goto(ADDRESS)
    yield shown
    context.close()
    assert not wrong


@pytest.fixture(scope="module")
def modules(browser: Browser) -> Iterator[Page]:
    """One for all tests of a file: for modules that leave nothing behind."""
    with blank(browser) as shown:
        yield shown


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with blank(browser) as shown:
        yield shown


def _file(route: Route) -> None:
    path = route.request.url.removeprefix(ADDRESS).partition("?")[0]
    if path == "/":
        route.fulfill(body=SHELL, content_type="text/html")
        return
    file = PAGE / path.removeprefix("/page/")
    route.fulfill(body=file.read_bytes(), content_type=TYPES[file.suffix])
