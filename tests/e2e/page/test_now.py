"""What is going on now: the pager that rings, the drill, and how the company does."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from lab.drill.event import Acted, Assessed, Entered, Paused, Resumed
from lab.drill.phase import Phase
from lab.errors import LabError
from tests import browsers
from tests.e2e.page.conftest import TOKENS, Room, elsewhere

ALERT = {
    "status": "firing",
    "labels": {"alertname": "CustomerErrorsHigh", "service": "checkout", "severity": "critical"},
    "annotations": {
        "summary": "Customers of checkout get <b>errors</b>",
        "description": "12 % failed.",
        "runbook_url": "http://127.0.0.1:8400/runbooks/CustomerErrorsHigh",
        "dashboard_url": "javascript:alert(1)",
    },
    "startsAt": "2026-11-23T03:00:00.123Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "fingerprint": "0123456789abcdef",
}
COUNT_NOTES = """
window.notes = 0;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) { window.notes += 1; return start.apply(this, when); };
"""
EDGES = [("customers", "checkout"), ("customers", "billing"), ("checkout", "inventory"), ("inventory", "checkout")]


def company(request: httpx.Request) -> httpx.Response:
    """One in which checkout is slow and orders fails."""
    asked = request.url.params
    if request.url.path == "/api/dependencies":
        links = [{"parent": caller, "child": callee, "callCount": 1} for caller, callee in EDGES]
        return httpx.Response(200, json={"data": links})
    if request.url.path.endswith("query_range") and "signal" in asked["query"]:
        start, end, step = (float(asked[name]) for name in ("start", "end", "step"))
        times = [start + step * n for n in range(round((end - start) / step) + 1)]
        figures = {("checkout", "rps"): 6, ("checkout", "p99_s"): 1.5, ("orders", "rps"): 3, ("orders", "errors"): 0.25}
        rows = [
            {"metric": {"service": name, "signal": signal}, "values": [[at, str(value)] for at in times]}
            for (name, signal), value in figures.items()
        ]
        return httpx.Response(200, json={"status": "success", "data": {"resultType": "matrix", "result": rows}})
    if request.url.path.endswith("/query") and "signal" in asked["query"]:
        rows = [
            {"metric": {"service": "checkout", "peer": "inventory", "signal": signal}, "value": [0, value]}
            for signal, value in (("rps", "6"), ("errors", "0.5"), ("p99_s", "0.2"))
        ]
        return httpx.Response(200, json={"status": "success", "data": {"resultType": "vector", "result": rows}})
    return elsewhere(request)


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Room]:
    """A war room over a company that has customers."""
    (tmp_path / "busy").mkdir()
    room = Room(tmp_path / "busy", company)
    yield room
    room.close()


def deliver(room: Room, **changes: object) -> None:
    """As Alertmanager does."""
    payload = {"receiver": "warroom", "status": "firing", "version": "4", "alerts": [{**ALERT, **changes}]}
    headers = {"Authorization": f"Bearer {TOKENS['webhook']}"}
    httpx.post(f"{room.url}/webhooks/alertmanager", json=payload, headers=headers).raise_for_status()


def live(page: Page) -> None:
    expect(page.locator("#bar .dot")).to_have_text("live")


def notes(page: Page) -> int:
    return page.evaluate("window.notes")


def test_the_pager_rings_until_somebody_acknowledges(room: Room, look) -> None:
    viewer = look(room.url)
    page = viewer.page
    page.add_init_script(COUNT_NOTES)
    page.clock.install()
    viewer.go("/")
    live(page)
    expect(page.get_by_text("All quiet")).to_be_visible()
    page.get_by_role("button", name="Turn the sound on").click()
    expect(page.get_by_role("button", name="Sound is on")).to_be_visible()
    assert notes(page) == 0

    deliver(room)
    expect(page.get_by_role("article", name="p-1, firing")).to_contain_text("Customers of checkout get <b>errors</b>")
    expect(page).to_have_title(re.compile(r"^\(1\) "))
    expect(page.locator("#bar")).to_contain_text("1, 1 to acknowledge")
    page.wait_for_function("window.notes >= 2")
    rung = notes(page)
    page.clock.run_for(4_000)
    page.wait_for_function(f"window.notes > {rung}")  # again and again

    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_role("article", name="p-1, firing")).to_contain_text("acknowledged")
    expect(page).to_have_title("Now · War room")
    rung = notes(page)
    page.clock.run_for(10_000)
    assert notes(page) == rung


def test_before_anything_was_pressed_it_flashes_and_says_how_to_hear_it(room: Room, look) -> None:
    deliver(room)
    viewer = look(room.url)
    viewer.page.add_init_script(COUNT_NOTES)
    page = viewer.go("/")
    expect(page).to_have_title(re.compile("PAGE"))
    expect(page.get_by_role("button", name="Turn the sound on")).to_be_visible()
    assert notes(page) == 0
    page.get_by_role("heading", name="Pages").click()  # any press will do
    page.wait_for_function("window.notes > 0")
    page.get_by_role("button", name="Sound is on").click()
    expect(page.get_by_role("button", name="Sound is off")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Sound is off")).to_be_visible()


def test_sound_that_the_browser_takes_back_is_asked_for_again(room: Room, look) -> None:
    viewer = look(room.url)
    page = viewer.page
    page.add_init_script(COUNT_NOTES)
    page.add_init_script(
        "const Own = AudioContext; AudioContext = class extends Own { static { window.made = []; } "
        "constructor() { super(); window.made.push(this); } };"
    )
    viewer.go("/")
    page.get_by_role("button", name="Turn the sound on").click()
    expect(page.get_by_role("button", name="Sound is on")).to_be_visible()
    page.evaluate("window.made[0].suspend()")
    expect(page.get_by_role("button", name="Turn the sound on")).to_be_visible()
    deliver(room)
    expect(page.get_by_role("article", name="p-1, firing")).to_be_visible()
    assert notes(page) == 0
    page.get_by_role("heading", name="Pages").click()
    expect(page.get_by_role("button", name="Sound is on")).to_be_visible()
    page.wait_for_function("window.notes > 0")


def test_it_is_heard_of_on_every_view_and_in_every_browser(room: Room, look) -> None:
    one, other = look(room.url), look(room.url, "")
    page, beside = one.go("/cause"), other.go("/")
    for each in (page, beside):
        live(each)
    deliver(room)
    expect(page.locator("#notice")).to_contain_text("Customers of checkout get <b>errors</b>")
    expect(beside.get_by_role("article", name="p-1, firing")).to_be_visible()
    page.locator("#notice").get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#notice .notice")).to_be_hidden()
    expect(beside.get_by_role("article", name="p-1, firing")).to_contain_text("acknowledged")
    deliver(room, status="resolved", endsAt="2026-11-23T03:10:00Z")
    expect(beside.get_by_text("Resolved: 1")).to_be_visible()


def test_tabs_of_one_browser_share_a_connection(room: Room, look) -> None:
    first = look(room.url)
    page = first.go("/")
    live(page)
    second = first.page.context.new_page()
    second.goto(f"{room.url}/history")
    live(second)
    deliver(room)
    for each in (page, second):
        expect(each).to_have_title(re.compile(r"^\(1\) "))
    asked: list[str] = []
    second.on("request", lambda request: asked.append(request.url))
    page.close()  # the tab that held it
    deliver(room, fingerprint="0123456789abcde0")
    expect(second).to_have_title(re.compile(r"^\(2\) "))
    assert f"{room.url}/api/live" in asked


def test_when_the_war_room_is_gone_every_tab_says_so_at_once(room: Room, look) -> None:
    first = look(room.url)
    first.tolerated += browsers.UNREACHABLE
    live(first.go("/"))
    second = first.page.context.new_page()
    second.goto(f"{room.url}/history")
    expect(second.get_by_text("No drill so far")).to_be_visible()
    live(second)
    second.wait_for_timeout(1_000)  # it has all, and left the connection to the other
    room.close()
    for page in (first.page, second):
        expect(page.locator("#bar .dot")).to_have_text("no connection", timeout=10_000)


def test_a_store_that_hangs_keeps_nobody_from_being_paged(tmp_path: Path, look) -> None:
    """Nor from seeing that it does."""
    over = threading.Event()

    def hangs(request: httpx.Request) -> httpx.Response:
        if request.url.host == "prometheus":
            over.wait(120)
        return elsewhere(request)

    room = Room(tmp_path, hangs)
    try:
        early, later = look(room.url), look(room.url)
        for viewer in (early, later):
            viewer.tolerated += browsers.UNREACHABLE  # the war room ends before they do
        page = early.go("/")
        expect(page.get_by_text("All quiet")).to_be_visible()
        expect(page.locator(".part .refusal").filter(has_text="There has been no answer")).to_be_visible()
        expect(page.get_by_role("region", name="Load")).to_contain_text("healthy")
        late = later.go("/")
        for each in (page, late):
            live(each)
        deliver(room)
        for each in (page, late):
            expect(each.get_by_role("article", name="p-1, firing")).to_be_visible(timeout=5_000)
        expect(late.locator(".part .refusal").filter(has_text="There has been no answer")).to_be_visible()
        over.set()
        expect(page.locator(".part .refusal").filter(has_text="There has been no answer")).to_have_count(0)
    finally:
        over.set()
        room.close()


def test_what_cannot_be_known_is_said_and_nothing_else(room: Room, look, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise LabError("The disk is gone.")

    monkeypatch.setattr(room.parts.pages, "list", away)
    monkeypatch.setattr(room.parts.drills, "current", away)
    viewers = look(room.url), look(room.url)
    for viewer in viewers:
        viewer.tolerated.append("status of 503")
    page, mend = viewers[0].go("/"), viewers[1].go("/mend")
    expect(page.get_by_role("region", name="Pages")).to_contain_text("What fires is not known: The disk is gone.")
    expect(page.get_by_role("region", name="Drill")).to_contain_text(
        "Where the drill is, is not known: The disk is gone."
    )
    for each in (page, mend):
        expect(each.locator("#bar")).to_contain_text("not known")
        expect(each.locator("body")).not_to_contain_text("undefined")
        expect(each.get_by_text("None fires.")).to_have_count(0)
    monkeypatch.undo()
    expect(page.get_by_text("All quiet")).to_be_visible()
    expect(page.get_by_text("No drill is under way.", exact=False).first).to_be_visible()


def test_an_instructor_is_not_offered_what_would_be_refused(room: Room, look) -> None:
    deliver(room)
    page = look(room.url, "instructor").go("/")
    expect(page.get_by_role("article", name="p-1, firing")).to_contain_text("waits for the team")
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    page.goto(f"{room.url}/instructor")
    expect(page.locator("#notice")).to_contain_text("Customers of checkout")
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)


def test_what_is_being_written_outlives_what_happens_meanwhile(room: Room, look) -> None:
    room.paged()
    page = look(room.url).go("/")
    page.get_by_label(re.compile("^Warning")).check()
    page.get_by_label("A note for everybody").fill("begun")
    page.get_by_label("Who is hurt, in one line").fill("half a sent")
    room.say(Paused(why="lunch"), who="instructor")
    expect(page.get_by_text("Paused by the instructor: the clock stands.")).to_be_visible()
    page.keyboard.type("ence")  # it still has the focus
    room.say(Resumed(why="it was good"), who="instructor")
    expect(page.get_by_text("Paused by the instructor: the clock stands.")).to_have_count(0)
    page.reload()
    expect(page.get_by_label("Who is hurt, in one line")).to_have_value("half a sentence")
    expect(page.get_by_label(re.compile("^Warning"))).to_be_checked()
    expect(page.get_by_label("A note for everybody")).to_have_value("begun")
    page.get_by_role("button", name="Write it down").click()
    expect(page.get_by_label("A note for everybody")).to_have_value("")
    page.reload()
    expect(page.get_by_label("Who is hurt, in one line")).to_have_value("half a sentence")
    expect(page.get_by_label("A note for everybody")).to_have_value("")


def test_the_way_past_the_links_leaves_the_view_as_it_is(room: Room, look) -> None:
    viewer = look(room.url)
    viewer.tolerated.append("status of 503")  # there is no Prometheus to offer names
    page = viewer.go("/metrics")
    page.get_by_label("PromQL").fill("half a quer")
    page.get_by_role("link", name="To the content").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**#main")
    page.wait_for_timeout(300)
    expect(page.get_by_label("PromQL")).to_have_value("half a quer")
    page.goto(f"{room.url}/traces/%E0%A4%A")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()


def test_only_addresses_of_the_web_are_links(room: Room, look) -> None:
    deliver(room)
    page = look(room.url).go("/")
    card = page.get_by_role("article", name="p-1, firing")
    expect(card.get_by_role("link", name="Runbook")).to_have_attribute("target", "_blank")
    expect(card.get_by_role("link", name="Dashboard")).to_have_count(0)


def test_who_acknowledges_without_a_token_is_asked_for_it(room: Room, look) -> None:
    deliver(room)
    page = look(room.url, "").go("/")
    page.get_by_role("button", name="Acknowledge").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Token").fill("x" * 48)
    dialog.get_by_role("button", name="Go on").click()
    expect(dialog).to_contain_text("neither the team token nor the instructor token")
    dialog.get_by_label("Token").fill(TOKENS["team"])
    dialog.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("article", name="p-1, firing")).to_contain_text("acknowledged")
    expect(page.locator("#bar")).to_contain_text("Team")
    page.reload()
    expect(page.locator("#bar")).to_contain_text("Team")  # this tab remembers
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("button", name="Enter a token").first).to_be_visible()


def test_the_alerting_phase_is_left_with_a_severity_and_who_is_hurt(room: Room, look) -> None:
    room.paged()
    page = look(room.url).go("/")
    expect(page.locator("#bar")).to_contain_text("Alerting")
    leave = page.get_by_role("button", name="Leave the alerting phase")
    leave.click()
    expect(page.get_by_text("Say how bad it is.")).to_be_visible()
    page.get_by_label(re.compile("^Critical")).check()
    leave.click()
    expect(page.get_by_text("Say who is hurt.")).to_be_visible()
    page.get_by_label("Who is hurt, in one line").fill("everybody who buys <script>")
    leave.click()
    expect(page.locator("#bar")).to_contain_text("Dark room")
    assert Assessed(severity="critical", hurt="everybody who buys <script>") in [
        one.what for one in room.parts.drills.events()
    ]
    expect(page.get_by_text("everybody who buys <script>")).to_be_visible()
    expect(page.get_by_text(re.compile(r"\d:\d\d left of this phase"))).to_be_visible()


def test_a_severity_that_nobody_said_in_time_is_said_later(room: Room, look) -> None:
    room.paged()
    page = look(room.url).go("/")
    page.get_by_label("Who is hurt, in one line").fill("everybody who buys")
    room.say(Entered(phase=Phase.DARK_ROOM, why="expired"), who="lab")
    expect(page.locator("#bar")).to_contain_text("Dark room")
    late = page.get_by_role("button", name="Say it, late")
    expect(late).to_be_visible()
    expect(page.get_by_label("Who is hurt, in one line")).to_have_value("everybody who buys")
    page.get_by_label(re.compile("^Critical")).check()
    late.click()
    expect(late).to_be_hidden()
    assert room.parts.drills.current().assessed == Assessed(severity="critical", hurt="everybody who buys")


def test_harm_is_limited_for_a_reason_and_everybody_reads_it(room: Room, look) -> None:
    room.dark()
    page, beside = look(room.url).go("/"), look(room.url).go("/")
    page.get_by_label("What to do").select_option("shed")
    page.get_by_role("button", name="Do it").click()
    expect(page.get_by_text("Say why; it is part of the drill’s story.")).to_be_visible()
    page.get_by_label("Why", exact=True).fill("half of them is better than none")
    page.get_by_role("button", name="Do it").click()
    expect(page.get_by_text(re.compile("^Done: "))).to_be_visible()
    expect(beside.get_by_text("half of them is better than none")).to_be_visible()
    assert any(isinstance(one.what, Acted) for one in room.parts.drills.events())
    page.get_by_label("What to do").select_option("restart")
    page.get_by_label("Why", exact=True).fill("as ever")
    page.get_by_role("button", name="Do it").click()
    expect(page.get_by_text("Say which service to restart, or several of them.")).to_be_visible()
    page.get_by_label("A note for everybody").fill("looks <i>ill</i>")
    page.get_by_role("button", name="Write it down").click()
    expect(beside.get_by_text("looks <i>ill</i>")).to_be_visible()


def test_how_the_company_does_is_charts_figures_and_words(busy: Room, look) -> None:
    page = look(busy.url).go("/")
    expect(page.locator(".golden svg path").first).to_be_attached()
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="checkout")).first
    row.get_by_role("link").focus()
    page.evaluate("window.kept = document.activeElement")
    expect(row).to_contain_text("1.5")
    expect(row).to_contain_text("slow")
    failing = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="orders")).first
    expect(failing).to_contain_text("fails")
    expect(page.get_by_role("row").filter(has_text="healthy")).to_contain_text("20/s")
    page.wait_for_timeout(2_500)  # a tick later it is still the same link
    assert page.evaluate("document.activeElement === window.kept")


def test_the_map_is_read_by_keys_and_as_a_table(busy: Room, look) -> None:
    page = look(busy.url).go("/")
    edge = page.get_by_role("img", name=re.compile("^checkout calls inventory 6 times a second, 50 % fail"))
    edge.focus()
    expect(edge).to_be_focused()
    page.get_by_text("As a table").click()
    expect(page.get_by_role("row").filter(has_text="inventory").filter(has_text="50 %").first).to_be_visible()
    page.get_by_role("link", name="Traces of inventory").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/traces\?service=inventory"))


def test_times_are_in_the_viewer_s_zone(room: Room, look) -> None:
    deliver(room)
    page = look(room.url, timezone_id="Asia/Kolkata").go("/")
    expect(page.locator("#bar")).to_contain_text("UTC+5:30")
    since = page.get_by_role("article", name="p-1, firing").locator("time").first
    expect(since).to_contain_text("08:30:00")
    expect(since).to_have_attribute("title", "2026-11-23T03:00:00.123Z")


@pytest.mark.parametrize("path", ["/", "/instructor", "/history"])
def test_a_view_is_for_everybody_and_every_screen(busy: Room, look, path: str) -> None:
    busy.dark()
    deliver(busy)
    viewer = look(busy.url, "instructor")
    page = viewer.go(path)
    live(page)
    expect(page.locator("main h1")).to_be_attached()
    expect(page.locator("main .loading")).to_have_count(0)
    assert viewer.barriers() == []
    page.get_by_role("button", name="Light/dark").click()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
    assert viewer.barriers() == []
    for width, height in ((390, 844), (1280, 720), (3840, 2160)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, width


def test_on_a_phone_the_page_comes_first_and_a_thumb_is_enough(busy: Room, look) -> None:
    deliver(busy)
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    page = look(busy.url, **phone).go("/")
    button = page.get_by_role("button", name="Acknowledge")
    box = button.bounding_box()
    assert box["height"] >= 44 and box["y"] + box["height"] <= 844, box
    button.tap()
    expect(page.get_by_role("article", name="p-1, firing")).to_contain_text("acknowledged")


def test_there_is_no_page_where_there_is_no_view(room: Room, look) -> None:
    viewer = look(room.url)
    viewer.tolerated.append("status of 404")
    assert viewer.page.goto(f"{room.url}/nothing").status == 404
