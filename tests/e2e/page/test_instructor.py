"""The instructor's view: what it starts and steers, what it tells, and that nobody else gets in."""

import re

import httpx
from playwright.sync_api import Page, expect

from lab.drill import event as happened
from lab.drill.phase import Phase
from tests.e2e.page.conftest import TOKENS, Room

TEAM = {"Authorization": f"Bearer {TOKENS['team']}"}
ONLY = "Only an instructor may do that"


def reasoned(page: Page, name: str, why: str) -> None:
    page.locator("summary").filter(has_text=re.compile(f"^{name}$")).click()
    group = page.locator("details[open]").filter(has=page.locator("summary", has_text=name))
    group.get_by_role("textbox").fill(why)
    group.get_by_role("button", name=name).click()


def last(room: Room) -> happened.Happening:
    return room.parts.drills.events()[-1].what


def test_a_team_sees_neither_the_link_nor_the_view(room: Room, look) -> None:
    room.dark()
    page = look(room.url).go("/instructor")
    expect(page.get_by_text("this tab has the team’s token")).to_be_visible()
    expect(page.get_by_role("navigation").get_by_role("link", name="Instructor")).to_have_count(0)
    expect(page.get_by_role("button", name="Panic")).to_have_count(0)
    assert "flash-sale" not in page.content()
    page.get_by_role("button", name="Enter the token").click()
    page.get_by_role("dialog").get_by_label("Token").fill(TOKENS["instructor"])
    page.get_by_role("dialog").get_by_role("button", name="Go on").click()
    expect(page.get_by_role("button", name="Panic")).to_be_visible()
    expect(page.get_by_role("navigation").get_by_role("link", name="Instructor")).to_be_visible()


def test_what_the_page_is_refused_it_says(room: Room, look) -> None:
    """A token that was the instructor's when the view was opened."""
    room.dark()
    page = look(room.url, "instructor").go("/instructor")
    expect(page.get_by_role("button", name="End this phase")).to_be_visible()
    page.evaluate(f"sessionStorage.setItem('token', '{TOKENS['team']}')")
    page.get_by_role("button", name="End this phase").click()
    expect(page.get_by_text(re.compile(ONLY))).to_be_visible()
    assert room.parts.drills.current().phase is Phase.DARK_ROOM


def test_a_drill_is_started_as_it_was_asked_for(room: Room, look) -> None:
    page = look(room.url, "instructor").go("/instructor")
    page.get_by_label("Which").select_option("=flash-sale")
    page.get_by_label("Team", exact=True).fill("red")
    page.get_by_label("Profile").select_option("180")
    page.get_by_label("Seed").fill("11")
    page.get_by_label("Pace").fill("60")
    page.get_by_label(re.compile("^Trigger at once")).check()
    page.get_by_label(re.compile("^Assessment")).check()
    page.get_by_role("button", name="Start").click()
    # There is no lab behind it, so it goes no further.
    expect(page.locator("#bar")).to_contain_text("Aborted")
    armed = room.parts.drills.events()[0].what
    asked = (armed.scenario, armed.team, armed.profile, armed.seed, armed.pace, armed.assessment, armed.delay_s)
    assert asked == ("flash-sale", "red", "180", 11, 60, True, 0)
    page.get_by_label("Team", exact=True).fill("<not a name>")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("alert").filter(has_text="team: ")).to_be_visible()


def test_it_is_steered_with_reasons(room: Room, look) -> None:
    room.dark()
    page = look(room.url, "instructor").go("/instructor")
    team = look(room.url).go("/")
    reasoned(page, "Pause", "a fire drill of another kind")
    expect(team.locator("#bar")).to_contain_text("paused")
    expect(team.get_by_text("Paused by the instructor: the clock stands.")).to_be_visible()
    reasoned(page, "Resume", "it was a test")
    expect(team.get_by_text("Paused by the instructor: the clock stands.")).to_have_count(0)
    page.get_by_role("button", name="Give the next hint").click()
    expect(page.get_by_text("Hint 1, which the team sees")).to_be_visible()
    expect(team.get_by_text("hint 1")).to_be_visible()
    reasoned(page, "Open AI’s gate", "they have earned it")
    expect(team.locator("#bar")).to_contain_text("open")
    reasoned(page, "Shut AI’s gate", "they ask it for the cause")
    expect(team.locator("#bar")).to_contain_text("shut")
    reasoned(page, "Accept the cause by hand", "they said it aloud")
    expect(team.locator("#bar")).to_contain_text("AI-assisted fix")
    page.get_by_role("button", name="End this phase").click()
    expect(team.locator("#bar")).to_contain_text("Post-mortem")
    reasoned(page, "Abort the drill", "lunch")
    expect(team.locator("#bar")).to_contain_text("Aborted")
    assert happened.Aborted(why="lunch") in [one.what for one in room.parts.drills.events()]


def test_a_reason_that_is_half_written_outlives_what_happens_meanwhile(room: Room, look) -> None:
    room.dark()
    page = look(room.url, "instructor").go("/instructor")
    page.locator("summary").filter(has_text=re.compile("^Accept the cause by hand$")).click()
    expect(page.get_by_label("Why?")).to_be_focused()
    page.keyboard.type("they said ")
    room.say(happened.GateShut(why="no"), happened.Paused(why="lunch"), who="instructor")
    expect(page.locator("summary").filter(has_text=re.compile("^Resume$"))).to_be_visible()
    page.keyboard.type("it aloud")
    expect(page.get_by_label("Why?")).to_have_value("they said it aloud")


def test_the_answer_is_told_to_the_instructor_alone(room: Room, look) -> None:
    room.dark()
    page = look(room.url, "instructor").go("/instructor")
    answer = page.get_by_role("region", name="The answer")
    expect(answer).to_contain_text("flash-sale")
    expect(answer.get_by_text("circular-wait").first).not_to_be_visible()
    answer.get_by_text("Cause", exact=True).click()
    expect(answer.get_by_text("circular-wait").first).to_be_visible()
    answer.get_by_text("Causal chain").click()
    expect(answer.locator("ol li").first).to_be_visible()


def test_how_each_step_goes_is_told(room: Room, look) -> None:
    room.dark()
    pieces = [
        {"ref": "trace:ab", "kind": "trace", "held": True, "why": ""},
        {"ref": "sql:x", "kind": "sql", "held": False, "why": "no"},
    ]
    room.say(
        happened.Submitted(
            component="orders", mechanism="no-timeout", location="", sentence="<b>", pieces=pieces, accepted=False
        )
    )
    page = look(room.url, "instructor").go("/instructor")
    steps = page.get_by_role("region", name="How it is going")
    row = steps.get_by_role("row").filter(has_text="Root cause")
    expect(row).to_contain_text("1 try; last no-timeout at orders, 1 of 2 pieces held, not accepted")
    expect(steps.get_by_role("row").filter(has_text="Assessed")).to_contain_text("everybody who buys")
    expect(steps.get_by_text("sentence: <b>")).to_be_visible()


def test_panic_does_what_it_can_and_says_what_it_could_not(room: Room, look) -> None:
    room.dark()
    page = look(room.url, "instructor").go("/instructor")
    page.get_by_role("button", name="Panic").click()
    expect(page.get_by_text("Say that you mean it.")).to_be_visible()
    page.get_by_label("I mean it").check()
    page.get_by_role("button", name="Panic").click()
    expect(page.get_by_text("✓ the drill is ended")).to_be_visible()
    expect(page.get_by_text("✓ only the healthy load is on")).to_be_visible()
    # No service is there that could begin anew.
    expect(
        page.get_by_text(re.compile("^✗ not so: the baseline runs, begun anew. Prometheus does not know"))
    ).to_be_visible()
    assert room.parts.drills.current().phase is Phase.ABORTED


def test_what_is_asked_of_ai_is_seen_as_it_passes(room: Room, look) -> None:
    room.dark()
    page = look(room.url, "instructor").go("/instructor")
    traffic = page.get_by_role("region", name="What is asked of AI")
    expect(traffic).to_contain_text("The gate is shut.")
    expect(traffic).to_contain_text("Nobody has asked AI anything")
    asked = {"model": "m", "messages": [{"role": "user", "content": "<img src=x onerror=alert(1)>"}]}
    assert httpx.post(f"{room.url}/v1/messages", json=asked, headers=TEAM).status_code == 423
    exchange = traffic.get_by_role("article")
    expect(exchange).to_contain_text("423")
    exchange.get_by_text("Asked", exact=True).click()
    expect(exchange).to_contain_text("<img src=x onerror=alert(1)>")
    assert exchange.locator("img").count() == 0
