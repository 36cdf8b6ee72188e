"""The post-mortem: parts that save themselves, two who write at once, the document, and the end."""

from pathlib import Path

from playwright.sync_api import Page, expect

from lab.drill import event as happened
from tests.e2e.page.conftest import Room

TRIGGER = "What set it off that day?"
LUCKY = "Where were you lucky?"


def written(room: Room) -> dict[str, str]:
    return room.parts.drills.current().written


def field(page: Page, question: str):
    return page.get_by_label(question)


def said(page: Page, part: str):
    return page.locator(f"[data-part='{part}']")


def test_a_part_saves_itself_and_is_there_for_others(room: Room, look) -> None:
    room.learning()
    one, other = look(room.url).go("/postmortem"), look(room.url).go("/postmortem")
    expect(one.get_by_text("12 parts to be written.")).to_be_visible()
    expect(field(other, TRIGGER)).to_be_visible()
    field(one, TRIGGER).fill("A sale.\nEverybody came.")
    expect(said(one, "trigger")).to_contain_text("Saved at")
    expect(field(other, TRIGGER)).to_have_value("A sale.\nEverybody came.")
    expect(other.get_by_text("11 parts to be written.")).to_be_visible()
    assert written(room) == {"trigger": "A sale.\nEverybody came."}
    one.reload()
    expect(field(one, TRIGGER)).to_have_value("A sale.\nEverybody came.")


def test_of_two_who_write_at_once_neither_loses_a_word(room: Room, look) -> None:
    room.learning()
    page = look(room.url).go("/postmortem")
    expect(field(page, LUCKY)).to_be_visible()
    # Somebody else is first, while here somebody types.
    field(page, LUCKY).press_sequentially("mine", delay=10)
    room.say(happened.Written(part="lucky", text="theirs"))
    expect(said(page, "lucky")).to_contain_text("Somebody else has written meanwhile:")
    expect(said(page, "lucky").locator("blockquote")).to_have_text("theirs")
    expect(field(page, LUCKY)).to_have_value("mine")
    said(page, "lucky").get_by_role("button", name="Keep both").click()
    expect(said(page, "lucky")).to_contain_text("Saved at")
    assert written(room) == {"lucky": "theirs\n\nmine"}

    field(page, LUCKY).fill("mine again")
    room.say(happened.Written(part="lucky", text="theirs again"))
    said(page, "lucky").get_by_role("button", name="Take theirs").click()
    expect(field(page, LUCKY)).to_have_value("theirs again")
    assert written(room) == {"lucky": "theirs again"}


def test_what_cannot_be_saved_stays_in_the_browser(room: Room, look) -> None:
    room.learning()
    page = look(room.url).go("/postmortem")
    field(page, LUCKY).fill("x" * 20_001)
    expect(said(page, "lucky")).to_contain_text("20000 at most can be saved")
    page.reload()
    expect(field(page, LUCKY)).to_have_value("x" * 20_001)
    field(page, LUCKY).fill("shorter")
    expect(said(page, "lucky")).to_contain_text("Saved at")


def test_the_document_is_seen_and_taken_away(room: Room, look) -> None:
    room.learning()
    room.say(happened.Written(part="trigger", text="A **sale**, at noon."), happened.Noted(text="Pools are full."))
    page = look(room.url).go("/postmortem")
    expect(page.locator("table.timeline")).to_contain_text("note: Pools are full.")
    expect(page.locator("figure")).to_have_count(4)
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".preview strong").filter(has_text="sale")).to_be_visible()
    for name, suffix, begins in (("Markdown", "md", "# Drill d-1"), ("HTML with plots", "html", "<!doctype html>")):
        with page.expect_download() as saved:
            page.get_by_role("button", name=name).click()
        assert saved.value.suggested_filename == f"postmortem-d-1.{suffix}"
        text = Path(saved.value.path()).read_text()
        assert text.startswith(begins) and "at noon." in text


def test_it_is_closed_with_what_is_owed_and_then_the_answer_is_told(room: Room, look) -> None:
    room.learning()
    one, other = look(room.url).go("/postmortem"), look(room.url).go("/postmortem")
    owed = "owing a verified fix, a change of the team spec, a guardrail that bites."
    expect(one.get_by_text(owed)).to_be_visible()
    assert not one.get_by_role("heading", name="Debrief").count()
    one.get_by_role("button", name="Close the drill").click()
    for page in (one, other):
        expect(page.get_by_text("The drill is closed: incomplete.")).to_be_visible()
        expect(page.get_by_role("heading", name="Debrief")).to_be_visible()
    one.get_by_text("flash-sale: the answer").click()
    expect(one.locator(".prose")).to_contain_text("What it was")
    field(one, LUCKY).fill("too late")
    expect(said(one, "lucky")).to_contain_text("Not saved, but kept in this browser.")


def test_before_the_page_there_is_nothing_to_write_up(room: Room, look) -> None:
    page = look(room.url).go("/postmortem")
    expect(page.get_by_text("No drill is under way.")).to_be_visible()
