"""A team and an instructor who do everything in a drill by clicks in the war room's page, as people would."""

import re
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from lab import bank
from lab.bank import Example

LONG_MS = 240_000
RULED = re.compile("verified|symptom-only|wrong-cause|regressed|load-not-delivered|infrastructure")
OF_THE_LAB = ("load-not-delivered", "infrastructure")  # says nothing about the fix


@dataclass(frozen=True)
class Known:
    """What a team finds out in a scenario, and how. `trace` is service, operation and least duration of traces that
    show it; `jobs` and `restart` limit the harm; `fix` is one of the bank's."""

    scenario: str
    component: str
    mechanism: str
    metric: str
    fix: str
    trace: tuple[str, str, str] | None = None
    sql: str = ""
    job: str = ""
    restart: tuple[str, ...] = ()
    levels: bool = False  # the books have to be levelled before a fix is verified

    @property
    def guardrail(self) -> Example:
        """One that bites."""
        found = bank.guardrail(self.scenario)
        assert found, f"{self.scenario} has none"
        return found


SCENARIOS = (
    Known(
        scenario="month-end-import",
        component="billing",
        mechanism="binary-money",
        metric='sum(increase(http_client_request_duration_seconds_count{service="billing",peer="processor",status="200"}[1m]))',
        sql="SELECT idempotency_key, count(*) FROM billing.charges WHERE created_at > now() - interval '3 minutes'"
        " GROUP BY idempotency_key HAVING count(*) > 1",
        fix="integer-cents",
        job="month-end-import",
        levels=True,
    ),
    Known(
        scenario="batch-export",
        component="orders",
        mechanism="query-per-item",
        metric='event_loop_lag_seconds{service="orders"}',
        trace=("orders", "POST /exports", "500ms"),
        fix="joined-and-batched",
        job="batch-export",
    ),
    Known(
        scenario="flash-sale",
        component="checkout",
        mechanism="circular-wait",
        metric='worker_pool_waiting{service="checkout",pool="workers"}',
        trace=("checkout", "POST /orders", "3s"),
        fix="cart-sent-along",
        job="flash-sale",
        restart=("checkout", "inventory", "promotions"),
    ),
)


class Person:
    def __init__(self, page: Page) -> None:
        self.page = page

    def view(self, name: str) -> Page:
        self.page.get_by_role("navigation", name="Views").get_by_role("link", name=name, exact=True).click()
        expect(self.page.locator("#views [aria-current]")).to_have_text(name)
        return self.page

    @property
    def bar(self) -> Locator:
        """Phase, clock, pages and connection, which every view has."""
        return self.page.locator("#bar")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()


class Instructor(Person):
    def start(self, scenario: str, team: str, pace: float, profile: str = "180") -> None:
        page = self.view("Instructor")
        page.get_by_label("Which", exact=True).select_option(f"={scenario}")
        page.get_by_label("Team", exact=True).fill(team)
        page.get_by_label("Profile", exact=True).select_option(profile)
        page.get_by_label("Pace", exact=True).fill(str(pace))
        page.get_by_label("Trigger at once").check()
        self.press("Start")


class Team(Person):
    def answer(self, severity: str, hurt: str) -> None:
        """Waits for the page, acknowledges it and judges it."""
        page = self.view("Now")
        first = page.locator("section.pager article").first.get_by_role("button", name="Acknowledge")
        first.click(timeout=LONG_MS)
        page.get_by_role("radio", name=re.compile(f"^{severity}", re.IGNORECASE)).check()
        page.get_by_label("Who is hurt, in one line").fill(hurt)
        self.press("Leave the alerting phase")
        expect(self.bar).to_contain_text("Dark room")

    def note(self, text: str) -> None:
        page = self.view("Now")
        page.get_by_label("A note for everybody").fill(text)
        self.press("Write it down")
        expect(page.locator("ol.notes")).to_contain_text(text)

    def act(self, action: str, on: tuple[str, ...], why: str) -> None:
        page = self.view("Now")
        card = page.locator("section[aria-labelledby='act']")
        card.get_by_label("What to do").select_option(label=action)
        for name in on:
            card.get_by_role("checkbox", name=name, exact=True).check()
        card.get_by_label("Why").fill(why)
        self.press("Do it")
        expect(card.get_by_text("Done:")).to_be_visible(timeout=LONG_MS)

    # evidence

    def metric(self, expression: str) -> None:
        page = self.view("Metrics")
        page.get_by_label("PromQL").fill(expression)
        self.press("Run")
        page.get_by_role("button", name="Use as evidence").first.click()

    def trace(self, service: str, operation: str, at_least: str, number: int = 0, *, since: str = "") -> None:
        """One of the longest that are found, of the last quarter of an hour or since then, e.g. now-1m."""
        page = self.view("Traces")
        if since:
            page.goto(page.url.partition("?")[0] + f"?from={since}&to=now")
        form = page.locator("form.search")
        form.locator("[name=service]").select_option(service)
        form.locator("[name=operation]").select_option(operation)
        form.get_by_label("At least").fill(at_least)
        form.get_by_role("button", name="Find").click()
        page.get_by_label("Order", exact=True).select_option("longest")
        page.locator("table.traces tbody tr").nth(number).get_by_role("button", name="Use as evidence").click()

    def typed(self, kind: str, value: str) -> None:
        page = self.view("Root cause")
        page.get_by_label("Kind of evidence").select_option(kind)
        page.get_by_label("Reference", exact=True).fill(value)
        self.press("Add to the tray")

    def cause(self, known: Known, sentence: str) -> bool:
        """Hands it in with all that is in the tray; was it accepted?"""
        page = self.view("Root cause")
        page.get_by_label("Component").select_option(known.component)
        page.get_by_label("Search the mechanisms").fill(known.mechanism)
        page.get_by_role("radio", name=re.compile(f"^{known.mechanism}:")).check()
        page.get_by_label("Where in the code").fill(f"{known.component}/app.py")
        page.get_by_label("Why that hurts customers").fill(sentence)
        expect(page.get_by_role("timer")).to_be_empty(timeout=LONG_MS)  # what is left of a cool-down
        self.press("Hand it in")
        said = page.locator(".outcome .ruled > .said")
        said.wait_for(timeout=LONG_MS)
        return said.inner_text() == "Accepted."

    def find(self, known: Known, tries: int = 4) -> None:
        """Gathers evidence and hands in the cause, with other traces if the first ones don't show it."""
        self.metric(known.metric)
        if known.sql:
            self.typed("sql", known.sql)
        for number in range(tries):
            if known.trace:
                self.trace(*known.trace, number=number)
            if self.cause(known, "That is what makes customers wait or pay wrongly, as the evidence shows."):
                return
        raise AssertionError(f"not accepted in {tries} tries: {self.page.locator('.outcome').inner_text()}")

    # the fix

    def choose(self, folder: Path) -> None:
        with self.page.expect_file_chooser() as chooser:
            self.press("Choose the workspace’s folder")
        chooser.value.set_files(folder)

    def deploy(self, folder: Path) -> None:
        page = self.view("Fix")
        self.choose(folder)
        self.press("Show what it changes")
        files = page.locator(".diff details")
        expect(files.first).to_be_visible()
        if files.first.get_attribute("open") is None:  # there are many
            files.first.locator("summary").click()
        expect(page.locator(".diff tr.added").first).to_be_visible()
        self.press("Deploy it")
        expect(page.locator("p", has_text=re.compile(r"^r-\d+ runs\."))).to_be_visible(timeout=LONG_MS)

    def verify(self, tries: int = 3) -> str:
        """The verdict; asked for again while it says nothing about the fix."""
        page = self.view("Fix")
        verdict = ""
        for _ in range(tries):
            self.press("Verify what runs")
            expect(page.locator(".ruling")).to_have_count(0)
            ruling = page.locator(".ruling > .tag")
            expect(ruling).to_have_text(RULED, timeout=LONG_MS)
            verdict = ruling.inner_text()
            if verdict not in OF_THE_LAB:
                break
        return verdict

    def review(self) -> str:
        """Accepts the first patch, rejects the others, and has all of them run."""
        page = self.view("Review")
        patches = page.locator("[data-patch]")
        expect(patches).to_have_count(4)
        patches.first.get_by_role("radio", name="Accept").check()
        for number in (1, 2, 3):
            patches.nth(number).get_by_role("radio", name="Reject").check()
            patches.nth(number).get_by_role("combobox").select_option(index=1)
        self.press("Run all of them")
        total = page.get_by_text(re.compile("of 4 decisions were right"))
        total.wait_for(timeout=3 * LONG_MS)
        return total.inner_text()

    # what stays

    def write(self, parts: dict[str, str]) -> None:
        page = self.view("Post-mortem")
        for part, text in parts.items():
            box = page.locator(f"[data-part='{part}']")
            box.get_by_role("textbox").fill(text)
            expect(box).to_contain_text("Saved at")

    def lasting(self, folder: Path, guardrail: str) -> bool:
        """Hands in the spec and tries the guardrail; does it bite?"""
        page = self.view("Post-mortem")
        self.choose(folder)
        self.press("Hand in the team spec")
        expect(page.get_by_text(re.compile("The team spec has changed in"))).to_be_visible()
        page.get_by_label("Guardrail", exact=True).select_option(guardrail)
        self.press("Try whether it bites")
        told = page.get_by_text(re.compile(rf"{re.escape(guardrail)} (bites|does not bite)\."))
        told.wait_for(timeout=LONG_MS)
        return " bites." in told.inner_text()
