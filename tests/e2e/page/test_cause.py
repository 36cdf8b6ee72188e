"""The root cause: the evidence tray, the form, and what the referee said."""

import re

from playwright.sync_api import expect

from lab.drill import event as happened
from lab.drill.phase import Phase
from tests.e2e.page.conftest import Room

TRACE = "trace:0123456789abcdef0123456789abcdef"
SQL = "SELECT count(*) FROM checkout.orders"


def add(page, kind: str, value: str) -> None:
    page.get_by_label("Kind of evidence").select_option(kind)
    page.get_by_label("Reference").fill(value)
    page.get_by_role("button", name="Add to the tray").click()


def test_the_tray_is_filled_ordered_and_kept_by_the_drill(room: Room, look) -> None:
    room.dark()
    viewer = look(room.url)
    page = viewer.go("/cause")
    rows = page.locator("ol.tray > li")
    add(page, "trace", TRACE.removeprefix("trace:"))
    add(page, "sql", SQL)
    add(page, "sql", SQL)  # once is enough
    expect(rows).to_have_count(2)
    expect(page.get_by_role("link", name=re.compile("Evidence: 2"))).to_be_visible()
    page.get_by_role("button", name=f"Earlier: sql:{SQL}").click()
    expect(rows.first).to_contain_text(SQL)
    page.get_by_role("button", name=f"Later: sql:{SQL}").click()
    expect(rows.first).to_contain_text(TRACE)
    expect(page.get_by_role("link", name=TRACE)).to_have_attribute("href", "/traces/0123456789abcdef0123456789abcdef")
    page.get_by_label("Component").select_option("checkout")
    page.get_by_label("Why that hurts customers").fill("Orders wait for what they hold themselves.")
    page.get_by_label("Search the mechanisms").fill("ring wait")
    page.get_by_role("radio", name=re.compile("^circular-wait")).check()
    page.get_by_label(f"Hand in sql:{SQL}").uncheck()
    expect(page.get_by_text("1 of 2 pieces in the tray will be handed in.")).to_be_visible()

    page.reload()
    expect(rows).to_have_count(2)
    expect(page.get_by_label("Component")).to_have_value("checkout")
    expect(page.get_by_label("Why that hurts customers")).to_have_value("Orders wait for what they hold themselves.")
    expect(page.get_by_role("radio", name=re.compile("^circular-wait"))).to_be_checked()
    expect(page.get_by_label(f"Hand in sql:{SQL}")).not_to_be_checked()
    page.get_by_role("button", name=f"Remove: sql:{SQL}").click()
    expect(rows).to_have_count(1)

    room.say(happened.Aborted(why="enough"), who="instructor")
    room.dark(drill="d-2")
    expect(rows).to_have_count(0)  # another drill, another tray
    expect(page.get_by_label("Component")).to_have_value("")


def test_what_is_missing_is_said_and_nothing_is_lost(room: Room, look) -> None:
    room.dark()
    page = look(room.url).go("/cause")
    page.get_by_role("button", name="Hand it in").click()
    expect(page.get_by_text("A root cause needs a component, a mechanism, a sentence.")).to_be_visible()
    page.get_by_label("Component").select_option("checkout")
    page.get_by_role("radio", name=re.compile("^no-timeout")).check()
    page.get_by_label("Why that hurts customers").fill("Too short")
    page.get_by_role("button", name="Hand it in").click()
    expect(page.get_by_text("The root cause cannot be taken: sentence")).to_be_visible()
    expect(page.get_by_label("Why that hurts customers")).to_have_value("Too short")
    add(page, "trace", " ")
    expect(page.get_by_text("That is no reference to evidence")).to_be_visible()


def test_what_one_hands_in_all_see_piece_by_piece(room: Room, look) -> None:
    room.dark(assessment=True)
    page = look(room.url).go("/cause")
    expect(page.get_by_text("Nothing has been handed in.")).to_be_visible()
    pieces = [
        {"ref": TRACE, "kind": "trace", "held": False, "why": "There is no such trace, or it has not ended."},
        {"ref": "metric:up", "kind": "metric", "held": True, "why": ""},
    ]
    said = {"component": "orders", "mechanism": "no-timeout", "location": "app.py", "sentence": "It waits for ever."}
    room.say(happened.Submitted(**said, pieces=pieces, accepted=False))
    tried = page.locator("article.try")
    expect(tried).to_contain_text("no-timeout at orders, app.py")
    expect(tried).to_contain_text("There is no such trace, or it has not ended.")
    expect(tried.get_by_text("does not hold")).to_have_count(1)
    expect(page.get_by_role("timer")).to_contain_text(re.compile(r"after 0[01]:\d\d"))
    room.say(happened.Submitted(**said, pieces=[{**one, "held": True, "why": ""} for one in pieces], accepted=True))
    room.say(happened.Entered(phase=Phase.AI_FIX, why="accepted"))
    expect(page.get_by_text("A root cause is accepted:")).to_be_visible()
    expect(page.locator("article.try").first).to_contain_text("Accepted.")


def test_a_probe_is_sent_kept_and_used(room: Room, look) -> None:
    room.dark()
    page = look(room.url).go("/cause")
    page.get_by_label("Body, as JSON").fill("{")
    page.get_by_role("button", name="Send it").click()
    expect(page.get_by_text("The body is no JSON")).to_be_visible()
    page.get_by_label("Body, as JSON").fill("")
    page.get_by_label("Path").fill("/carts/c-0017")
    page.get_by_role("button", name="Send it").click()  # nobody answers there, which is an answer as well
    probe = page.locator("[data-probe='pr-1']")
    expect(probe).to_contain_text("no answer")
    probe.locator("summary").click()
    probe.get_by_role("button", name="Use as evidence").click()
    expect(page.locator("ol.tray > li")).to_contain_text("probe:pr-1")
    expect(page.get_by_label("Path")).to_have_value("/carts/c-0017")


def test_the_chain_is_told_link_by_link_once_the_drill_is_guided(room: Room, look) -> None:
    room.dark()
    page = look(room.url).go("/cause")
    expect(page.get_by_role("heading", name="Handed in so far")).to_be_visible()
    assert not page.get_by_role("heading", name="What happened, link by link").count()
    room.say(happened.Guided(), happened.Entered(phase=Phase.AI_FIX, why="expired"), who="lab")
    links = page.locator("ol.chain > li")
    expect(links).to_have_count(1)
    page.get_by_role("button", name="Show the next link").click()
    expect(links).to_have_count(2)
    page.reload()
    expect(links).to_have_count(2)


def test_without_a_token_it_asks_for_one(room: Room, look) -> None:
    room.dark()
    page = look(room.url, "").go("/cause")
    page.get_by_role("button", name="Enter a token").last.click()
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("token")
    page.get_by_label("Token").fill("t" * 48)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("button", name="Hand it in")).to_be_visible()
