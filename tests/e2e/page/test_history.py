"""Drills side by side, and what is made of them."""

from playwright.sync_api import expect

from lab.drill import event as happened
from tests.e2e.page.conftest import Room


def drills(room: Room, count: int, **armed: object) -> None:
    """Closed ones, each with less harm than the one before."""
    begun = sum(isinstance(one[0].what, happened.Armed) for one in room.parts.drills.history().values())
    for number in range(begun + 1, begun + count + 1):
        room.dark(drill=f"d-{number}", **armed)
        room.say(
            happened.Closed(outcome="incomplete", owed=[]),
            happened.Harmed(out_of_slo_s=600 - 50 * number, orders_lost=40, money_wrong_cents=1234),
            who="lab",
        )


def test_no_trend_is_drawn_from_three(room: Room, look) -> None:
    drills(room, 3)
    room.dark(drill="d-4")
    room.say(happened.Aborted(why="lunch"), who="instructor")
    page = look(room.url).go("/history")
    expect(page.get_by_text("Team blue, 60 minutes: 3 so far, so there is no trend yet.")).to_be_visible()
    expect(page.locator(".trend")).to_have_count(0)
    expect(page.get_by_role("row")).to_have_count(5)
    drills(room, 1)  # while somebody looks
    trend = page.locator(".trend").filter(has_text="Out of SLO")
    expect(trend).to_contain_text("▼ better by")
    expect(page.locator(".trend").filter(has_text="Orders lost")).to_contain_text("about the same")
    expect(page.locator(".trend").filter(has_text="Time to the verified fix")).to_contain_text("no trend yet")


def test_drills_of_another_kind_are_not_compared(room: Room, look) -> None:
    drills(room, 3)
    drills(room, 2, team="red")
    drills(room, 2, profile="180")
    page = look(room.url).go("/history")
    expect(page.get_by_text("Team red, 60 minutes: 2 so far, so there is no trend yet.")).to_be_visible()
    expect(page.get_by_text("Team blue, 180 minutes: 2 so far, so there is no trend yet.")).to_be_visible()
    expect(page.locator(".trend")).to_have_count(0)


def test_a_drill_is_looked_into_and_has_an_address(room: Room, look) -> None:
    drills(room, 2)
    viewer = look(room.url)
    page = viewer.go("/history")
    page.get_by_role("button", name="d-1").click()
    expect(page.get_by_role("heading", name="Drill d-1, flash-sale")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Money wrong").last).to_contain_text("12.34")
    page.reload()
    expect(page.get_by_role("heading", name="Drill d-1, flash-sale")).to_be_visible()


def test_it_is_behind_a_token_and_says_when_there_is_nothing(room: Room, look) -> None:
    page = look(room.url, "").go("/history")
    expect(page.get_by_text("The drills are behind a token, the team’s or the instructor’s.")).to_be_visible()
    page = look(room.url).go("/history")
    expect(page.get_by_text("No drill so far")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(5_000)
    assert [one for one in asked if "/api/drill/" in one] == []  # nothing has happened
    room.paged()
    drill = page.get_by_role("button", name="d-1")
    expect(drill).to_be_visible()
    drill.focus()
    room.say(happened.Noted(text="on"))
    expect(drill).to_be_focused()
