"""A drill from the page to the post-mortem by clicks alone, for each scenario; but for the code, which a team writes in
its editor (here it is a right fix of the bank's), and for the books, which it levels through billing's API.

Two browsers look at the same drill throughout, and the war room is killed in the middle of one.
"""

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect
from support import books
from support.clicks import SCENARIOS, Instructor, Known, Team
from support.driving import Lab
from support.forgeries import KNOWN

from lab import bank
from lab.cli.drill import session
from lab.runtime.state import State
from tests.browsers import UNREACHABLE, Viewer
from tests.labs import forget, labctl, status

NAME = "e2e-page"
PORT_BASE = 29200
PACE = 4  # 180 minutes in 45, and 30 s between two tries
CONTROL = "annual-invoices"
ORDINARY = 10  # by rank in length: not the longest, which is as long as this machine's worst moment
LEFT = "\n- What one incident has shown is promised from then on.\n"


@pytest.fixture(scope="module")
def lab() -> Iterator[str]:
    """Where its page is."""
    forget(NAME)
    labctl("up", "--runtime", "local", "--name", NAME, "--port-base", str(PORT_BASE))
    yield service("warroom")["url"]
    forget(NAME)


@pytest.fixture(autouse=True)
def ended(lab: str) -> Iterator[None]:
    """A drill that went wrong is none of the next one's."""
    yield
    if json.loads(labctl("drill", "status", "--json", "--name", NAME).stdout)["phase"] not in ("idle", *session.ENDED):
        labctl("drill", "abort", "--as", "instructor", "--why", "The test is over.", "--name", NAME)


def service(name: str) -> dict:
    return next(one for one in status(NAME)["services"] if one["name"] == name)


def fixed(known: Known) -> Path:
    """The workspace, on the drill's branch, with the fix, a line in the spec and a guardrail."""
    found = json.loads(labctl("drill", "workspace", "--json", "--name", NAME).stdout)
    folder = Path(found["path"])
    assert folder == State(NAME).workspace and found["changed"] == []
    for name, path in bank.load(known.scenario).fix(known.fix).patch.files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(path.read_bytes())
    with (folder / "team-spec.md").open("a") as spec:
        spec.write(LEFT)
    (folder / known.guardrail.path).write_text(known.guardrail.text)
    return folder


def kill(viewers: list[Viewer]) -> None:
    """The page says that nobody answers, and goes on by itself when somebody does."""
    for viewer in viewers:
        viewer.tolerated += [*UNREACHABLE, "status of 503"]
    os.kill(service("warroom")["pid"], signal.SIGKILL)
    expect(viewers[0].page.locator("#bar .dot")).to_have_text("no connection")  # it is back within two seconds
    for viewer in viewers:
        expect(viewer.page.locator("#bar .dot")).to_have_text("live", timeout=60_000)


@pytest.mark.parametrize("known", SCENARIOS, ids=lambda known: known.scenario)
def test_a_drill_by_clicks(lab: str, look: Callable[..., Viewer], known: Known, tmp_path: Path) -> None:
    tokens = {whose: State(NAME).token(whose) for whose in ("team", "instructor")}
    viewers = [look(lab, token=tokens["instructor"]), look(lab, token=tokens["team"])]
    instructor, team = Instructor(viewers[0].page), Team(viewers[1].page)
    for viewer in viewers:
        viewer.go("/")
    instructor.start(known.scenario, "Night shift", PACE)
    team.answer("critical", "Customers, since a minute ago")
    expect(instructor.bar).to_contain_text("Dark room")

    team.note("It began when the load turned.")
    instructor.view("Now")
    expect(instructor.page.locator("ol.notes")).to_contain_text("It began when the load turned.")
    if known.scenario == "batch-export":
        kill(viewers)
        expect(team.bar).to_contain_text("Dark room")
        expect(team.page.locator("ol.notes")).to_contain_text("It began when the load turned.")
    team.find(known)
    expect(team.bar).to_contain_text("AI-assisted fix")
    instructor.view("Root cause")
    expect(instructor.page.locator("article.try").first).to_contain_text(f"{known.mechanism} at {known.component}")
    team.act("Stop a job", (known.job,), "It began with it")
    if known.restart:
        team.act("Restart services", known.restart, "They answer nobody any more")

    folder = fixed(known)
    team.view("Fix")
    with team.page.expect_download() as brief:
        team.press("Download")
    assert known.mechanism in Path(brief.value.path()).read_text()
    if known.scenario == "batch-export":
        team.review()
        report = json.loads(labctl("drill", "report", "--json", "--name", NAME).stdout)
        assert sum(report["review"].values()) == 4
    team.deploy(folder)
    instructor.view("Fix")
    expect(instructor.page.locator("tr", has_text=re.compile(r"^r-\d+ runs"))).to_be_visible()
    if known.levels:
        with Lab.attach(NAME) as company:
            books.level(company)
    assert team.verify() == "verified"
    expect(instructor.page.locator(".ruling > .tag")).to_have_text("verified")

    team.write({"summary": "Customers waited.\nOr paid wrongly.", "prevent": "The new rule, from today on."})
    assert team.lasting(folder, known.guardrail.path)
    expect(team.page.locator("table.timeline")).to_contain_text("root cause")
    for name, says in (("Markdown", "Customers waited."), ("HTML with plots", "<polyline")):
        with team.page.expect_download() as saved:
            team.press(name)
        assert says in Path(saved.value.path()).read_text()
    instructor.view("Post-mortem")
    expect(instructor.page.locator("[data-part='summary']").get_by_role("textbox")).to_have_value(
        "Customers waited.\nOr paid wrongly."
    )
    team.press("Close the drill")
    for person in (team, instructor):
        expect(person.page.get_by_text("The drill is closed: complete.")).to_be_visible()
        expect(person.page.get_by_role("heading", name="Debrief")).to_be_visible()


def test_a_control_by_clicks(lab: str, look: Callable[..., Viewer]) -> None:
    """Nothing is wrong, and the team shows that; there is nothing to fix, and no harm."""
    tokens = {whose: State(NAME).token(whose) for whose in ("team", "instructor")}
    viewers = [look(lab, token=tokens["instructor"]), look(lab, token=tokens["team"])]
    instructor, team = Instructor(viewers[0].page), Team(viewers[1].page)
    for viewer in viewers:
        viewer.go("/")
    instructor.start(CONTROL, "Night shift", PACE)
    team.answer("none", "Nobody: large invoices, rightly charged")
    quiet = KNOWN[CONTROL]
    for kind, shown in (evidence.split(":", 1) for evidence in quiet.always):
        team.metric(shown) if kind == "metric" else team.typed(kind, shown)
    team.trace("billing", "POST /charges", "1ms", number=ORDINARY)
    cause = Known(scenario=CONTROL, component=quiet.component, mechanism="binary-money", metric="", fix="")
    assert not team.cause(cause, "It is wrong, says somebody who has not looked.")
    assert team.cause(replace(cause, mechanism=quiet.mechanism), "Each charge is what its lines come to.")
    expect(team.bar).to_contain_text("Post-mortem")
    team.view("Post-mortem")
    parts = team.page.locator("[data-part]")
    expect(parts.first).to_be_visible()
    for part in [parts.nth(number).get_attribute("data-part") for number in range(parts.count())]:
        team.write({part: "An alert that looks at a sum alone."})
    team.press("Close the drill")
    expect(team.page.get_by_text("The drill is closed: complete.")).to_be_visible()
    report = json.loads(labctl("drill", "report", "--json", "--name", NAME).stdout)
    assert report["written"] and not report["owed"]
    assert [report["harm"][name] for name in ("orders_lost", "money_wrong_cents")] == [0, 0]
