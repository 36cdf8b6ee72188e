"""What one person types, another sees as text: scripts, markup, right to left, emoji, 100 kB."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from lab.drill import event as happened
from tests.e2e.page.conftest import Room

HOSTILE = {
    "script": "<script>window.hurt=1</script><img src=x onerror=window.hurt=1>",
    "attribute": "\"'><svg onload=window.hurt=1> javascript:window.hurt=1 {{7*7}} [x](javascript:window.hurt=1)",
    "right to left": "\u202eevil\u202c \u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd",
    "emoji": "\U0001f469\u200d\U0001f4bb\U0001f525 Z\u0338\u0321a\u0337",
}
SENTENCE = "It is wrong because "  # of twenty characters
LONG = "<b>" + "x" * 100_000


def unhurt(page: Page) -> None:
    """Nothing that was typed has become anything but text."""
    assert page.evaluate("window.hurt") is None
    assert page.locator("main").locator("script, img, [onerror], [onload], a[href^='javascript']").count() == 0


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_text_is_shown_as_it_was_typed(room: Room, look, text: str, tmp_path: Path) -> None:
    one, other = look(room.url), look(room.url, "instructor")
    room.paged()
    page, beside = one.go("/"), other.go("/")
    page.get_by_role("radio", name="Critical").check()
    page.get_by_label("Who is hurt, in one line").fill(text)
    page.get_by_role("button", name="Leave the alerting phase").click()
    expect(page.locator("#bar")).to_contain_text("Dark room")
    page.get_by_label("A note for everybody").fill(f"{text}\n{text}")
    page.get_by_role("button", name="Write it down").click()
    for each in (page, beside):
        expect(each.locator("ol.notes")).to_contain_text(f"{text}\n{text}".strip(), use_inner_text=True)
        unhurt(each)

    # What the referee and the lab write down of it is shown the same way.
    room.say(
        happened.Submitted(
            component="checkout",
            mechanism="no-timeout",
            location=text,
            sentence=SENTENCE + text,
            pieces=[{"ref": f"sql:{text}", "kind": "sql", "held": False, "why": text}],
            accepted=False,
        ),
        happened.Acted(action="restart", on=["orders"], why=text),
        happened.Paused(why=text),
        happened.Resumed(why=text),
    )
    beside.get_by_role("navigation").get_by_role("link", name="Root cause").click()
    expect(beside.locator("article.try blockquote")).to_have_text(SENTENCE + text)
    unhurt(beside)
    page.get_by_role("navigation").get_by_role("link", name="Root cause").click()
    page.get_by_label("Kind of evidence").select_option("sql")
    page.get_by_label("Reference", exact=True).fill(f"SELECT '{text}'")
    page.get_by_role("button", name="Add to the tray").click()
    expect(page.locator("ol.tray .ref")).to_have_text(f"sql:SELECT '{text}'")
    unhurt(page)

    for each in (page, beside):
        each.get_by_role("navigation").get_by_role("link", name="Post-mortem").click()
    page.locator("[data-part='summary'] textarea").fill(text)
    expect(beside.locator("[data-part='summary'] textarea")).to_have_value(text)
    expect(beside.locator("table.timeline")).to_contain_text(text.strip().split("\n")[0], use_inner_text=True)
    beside.get_by_role("button", name="Preview").click()
    expect(beside.locator(".preview")).to_be_visible()
    unhurt(beside)

    # The page that is taken away is another document: nothing runs in it either.
    with page.expect_download() as saved:
        page.get_by_role("button", name="HTML with plots").click()
    document = tmp_path / "postmortem.html"
    saved.value.save_as(document)
    page.goto(document.as_uri())
    assert page.evaluate("window.hurt") is None
    assert page.locator("script, img, svg[onload], a[href^='javascript']").count() == 0
    assert "judged critical" in page.inner_text("body")


def test_a_hundred_kilobytes_are_refused_in_a_sentence_and_stay_where_they_are(room: Room, look) -> None:
    room.dark()
    page = look(room.url).go("/")
    note = page.get_by_label("A note for everybody")
    note.evaluate("(el, text) => { el.removeAttribute('maxlength'); el.value = text; }", LONG)
    page.get_by_role("button", name="Write it down").click()
    expect(page.locator("section[aria-labelledby='notes'] .refusal")).to_contain_text("5000")
    expect(note).to_have_value(LONG)

    page.get_by_role("navigation").get_by_role("link", name="Post-mortem").click()
    part = page.locator("[data-part='lucky']")
    part.get_by_role("textbox").fill(LONG)
    expect(part).to_contain_text("20000 at most can be saved")
    page.reload()
    expect(part.get_by_role("textbox")).to_have_value(LONG)

    page.get_by_role("navigation").get_by_role("link", name="Root cause").click()
    page.get_by_label("Component").select_option("checkout")
    page.get_by_role("radio", name="no-timeout").check()
    page.get_by_label("Why that hurts customers").fill(LONG)
    for kind, value in (("sql", "SELECT 1"), ("trace", "0123456789abcdef0123456789abcdef")):
        page.get_by_label("Kind of evidence").select_option(kind)
        page.get_by_label("Reference", exact=True).fill(value)
        page.get_by_role("button", name="Add to the tray").click()
    page.get_by_label("Reference", exact=True).fill(LONG)
    page.get_by_role("button", name="Add to the tray").click()
    expect(page.get_by_text("A reference has 4000 characters at most.")).to_be_visible()
    page.get_by_role("button", name="Hand it in").click()
    expect(page.get_by_text("The root cause cannot be taken: sentence")).to_be_visible()
    expect(page.get_by_label("Why that hurts customers")).to_have_value(LONG)
    assert room.parts.drills.current().written == {}


def test_a_team_s_name_is_one_and_nothing_else(room: Room, look) -> None:
    page = look(room.url, "instructor").go("/instructor")
    page.get_by_label("Team", exact=True).evaluate("(el) => { el.value = '<b>us</b>'; }")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("section[aria-labelledby='start'] .refusal")).to_contain_text("team")
    assert room.parts.drills.current() is None
