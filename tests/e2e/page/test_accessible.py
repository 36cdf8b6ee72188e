"""The views of a drill's work by keyboard, by screen reader as far as axe can tell, and on small and large screens."""

import pytest
from playwright.sync_api import expect

from lab.drill import event as happened
from tests.e2e.page.conftest import Room

VIEWS = {
    "/cause": "Root cause",
    "/mend": "Fix",
    "/review": "Review",
    "/postmortem": "Post-mortem",
}
PIECES = [{"ref": "trace:ab", "kind": "trace", "held": False, "why": "There is no such trace."}]


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(("path", "title"), VIEWS.items(), ids=VIEWS.values())
def test_axe_finds_nothing_serious(room: Room, look, path: str, title: str, theme: str) -> None:
    room.learning()
    room.say(
        happened.Submitted(
            component="orders", mechanism="no-timeout", location="", sentence="…", pieces=PIECES, accepted=False
        ),
        happened.Verified(
            release="r-1",
            verdict="regressed",
            checks=[{"name": "x", "of": "promise", "passed": False, "figure": 2, "bound": 1, "unit": "s", "note": "n"}],
        ),
    )
    viewer = look(room.url)
    page = viewer.go(path)
    page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    expect(page.locator("main .loading")).to_have_count(0)
    assert viewer.barriers() == []


@pytest.mark.parametrize("size", [(390, 844), (1280, 720), (3840, 2160)])
@pytest.mark.parametrize("path", VIEWS)
def test_nothing_is_wider_than_the_screen(room: Room, look, path: str, size: tuple[int, int]) -> None:
    room.learning()
    page = look(room.url, viewport={"width": size[0], "height": size[1]}).go(path)
    expect(page.locator("main h1")).to_be_visible()
    expect(page.locator("main .loading")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_the_tray_and_the_decisions_are_within_reach_of_keys(room: Room, look) -> None:
    room.dark()
    page = look(room.url).go("/cause")
    for value in ("SELECT 1", "SELECT 2"):
        page.get_by_label("Reference", exact=True).fill(value)
        page.get_by_role("button", name="Add to the tray").press("Enter")
    page.get_by_role("button", name="Later: sql:SELECT 1").press("Enter")
    expect(page.locator("ol.tray > li").last).to_contain_text("SELECT 1")
    # A piece that was moved has kept the focus.
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Later: sql:SELECT 1"
    page.get_by_label("Search the mechanisms").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_role("radio").first).to_be_checked()
