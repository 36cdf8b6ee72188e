"""Pictures of the page for docs/page.md, from a lab that runs: `python benchmarks/screenshots.py [--name LAB]`.

It begins a drill of its own in that lab, walks it by clicks, and ends it; each picture is a PNG in docs/page/. None
shows the mechanism: what is handed in is wrong, and the instructor accepts by hand.
"""

import json
import re
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright
from support.clicks import SCENARIOS, Instructor, Known, Team
from support.driving import ROOT, Lab, arguments, figure, report, say

from lab import bank
from lab.runtime.state import State

FOLDER = ROOT / "docs" / "page"
SIZE = {"width": 1280, "height": 800}
LARGEST = 200_000  # bytes of a picture
PACE = 4
WRONG = Known(  # what is handed in: trainees see the pictures
    scenario="batch-export",
    component="billing",
    mechanism="no-timeout",
    metric="sum by (service) (http_server_requests_in_flight)",
    trace=("billing", "POST /charges", "1ms"),
    fix="",
)
KNOWN = next(one for one in SCENARIOS if one.scenario == "batch-export")


def picture(page: Page, name: str) -> None:
    """Says so, and ends the program where it is too large."""
    page.mouse.move(0, 0)
    path = FOLDER / f"{name}.png"
    page.screenshot(path=path, animations="disabled")
    size = path.stat().st_size
    say(f"{path.relative_to(ROOT)}: {size // 1000} kB")
    if size > LARGEST:
        sys.exit(f"{path} has more than {LARGEST // 1000} kB; show less in it.")


def look(browser: Browser, url: str, token: str) -> Page:
    context = browser.new_context(viewport=SIZE)
    context.set_default_timeout(60_000)
    context.add_init_script(f"sessionStorage.getItem('token') ?? sessionStorage.setItem('token', '{token}')")
    page = context.new_page()
    page.goto(url)
    return page


def walk(lab: Lab, known: Known, instructor: Instructor, team: Team) -> None:
    team.view("Now")
    expect(team.page.locator("section.pager").get_by_role("button", name="Acknowledge").first).to_be_visible(
        timeout=240_000
    )
    picture(team.page, "now")
    team.answer("critical", "Everybody who looks at their orders")
    team.view("Dashboards")
    team.page.get_by_role("navigation", name="Dashboards").get_by_role("link", name="Orders").click()
    expect(team.page.get_by_role("heading", level=1)).to_have_text("Orders and shipping")
    expect(team.page.locator(".chart svg path").nth(3)).to_be_attached()  # several have drawn
    picture(team.page, "board")
    team.metric(WRONG.metric)
    team.trace(*WRONG.trace, since="now-1m")
    team.page.locator("table.traces tbody a").first.click()
    expect(team.page.get_by_role("tree")).to_be_visible()
    picture(team.page, "trace")
    team.cause(WRONG, "Somebody waits for an answer that never comes, and so do the customers.")
    team.page.locator(".outcome").scroll_into_view_if_needed()
    picture(team.page, "cause")
    instructor.view("Instructor")
    expect(instructor.page.get_by_role("row", name=re.compile("^Root cause")).first).to_be_visible()
    picture(instructor.page, "instructor")
    lab.labctl("drill", "override", "--why", "For the pictures", "--as", "instructor")

    folder = Path(json.loads(lab.labctl("drill", "workspace", "--json"))["path"])
    for name, path in bank.load(known.scenario).fix(known.fix).patch.files().items():
        shutil.copyfile(path, folder / name)
    team.deploy(folder)
    team.press("Verify what runs")
    expect(team.page.locator("table.checks tbody tr")).not_to_have_count(0, timeout=240_000)
    expect(team.page.locator(".ruling")).to_be_visible(timeout=240_000)
    picture(team.page, "verify")
    team.view("Post-mortem")
    team.page.locator("figure").first.evaluate("one => one.closest('section').scrollIntoView()")
    picture(team.page, "postmortem")


def main() -> None:
    lab = Lab(arguments(__doc__).name)
    FOLDER.mkdir(exist_ok=True)
    tokens = State(lab.name)
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or sys.exit("Chromium was not found; install it as a package.")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        instructor, team = (look(browser, lab.url("warroom"), tokens.token(one)) for one in ("instructor", "team"))
        walks = Instructor(instructor)
        walks.start(KNOWN.scenario, "Night shift", PACE)
        try:
            walk(lab, KNOWN, walks, Team(team))
        finally:
            lab.labctl("drill", "abort", "--as", "instructor", "--why", "The pictures are taken.")
            browser.close()
    sizes = {path.stem: path.stat().st_size for path in sorted(FOLDER.glob("*.png"))}
    report([figure(f"picture: {name}", size / 1000, "kB", most=LARGEST / 1000) for name, size in sizes.items()])


if __name__ == "__main__":
    main()
