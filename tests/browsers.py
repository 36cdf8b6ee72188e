"""Chromium, and people who look at the war room's page through it."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

REQUIRED = "BROWSER_REQUIRED"  # CI sets it: there the tests fail rather than be skipped
NAMES = ("chromium", "chromium-browser", "google-chrome")
# Chromium's own line about an answer that refuses something; that people are refused is not the page's mistake.
REFUSALS = ("status of 401", "status of 403", "status of 409", "status of 413", "status of 422", "status of 423")
UNREACHABLE = (
    "ERR_CONNECTION_REFUSED",
    "ERR_CONNECTION_RESET",
    "ERR_EMPTY_RESPONSE",
    "ERR_INCOMPLETE_CHUNKED_ENCODING",
)
PATIENCE_MS = 30_000  # a busy machine


class Viewer:
    """One tab of a browser of its own. What it writes into the console as an error, and no `tolerated` text is in, is
    in `errors`."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.url = url
        self.page: Page = context.new_page()
        self.errors: list[str] = []
        self.tolerated: list[str] = list(REFUSALS)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def go(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def within(self, name: str) -> Page:
        """Another view, by its link."""
        self.page.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()
        return self.page

    def barriers(self) -> list[str]:
        """What axe finds to be serious or critical, a line each."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{one['impact']}: {one['help']} ({node['target']}: {node['html'][:160]})"
            for one in found
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]

    def _heard(self, message: ConsoleMessage) -> None:
        where = message.location.get("url", "")
        said = f"{message.text} ({where})"
        if message.type == "error" and not any(one in said for one in self.tolerated):
            self.errors.append(said)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The distribution's. Skips where there is none, unless it is required."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        (pytest.fail if os.environ.get(REQUIRED) else pytest.skip)("Chromium was not found; install it as a package.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"], timeout=6 * PATIENCE_MS
        )
        try:
            yield browser
        finally:
            browser.close()


def look(browser: Browser, url: str, token: str = "", **more: Any) -> Viewer:
    """A browser of its own on the war room at `url`, in which somebody has entered the token already."""
    settings: Mapping[str, Any] = {"viewport": {"width": 1366, "height": 900}, "accept_downloads": True, **more}
    context = browser.new_context(**settings)
    context.set_default_timeout(PATIENCE_MS)
    context.set_default_navigation_timeout(2 * PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    if token:
        context.add_init_script(f"sessionStorage.getItem('token') ?? sessionStorage.setItem('token', '{token}')")
    return Viewer(context, url)
