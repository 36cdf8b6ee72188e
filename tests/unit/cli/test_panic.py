"""panic: every step is tried, whoever does not answer, and what counts is whether customers are served."""

import functools
from collections.abc import Callable

import httpx
import pytest

from lab import cli
from lab.cli import options, panic
from lab.clients.drill import Drill
from lab.clients.load import Load
from lab.clients.validation import Validation
from lab.errors import LabError
from lab.releases import EDITABLE
from lab.runtime.base import Silent
from tests.runtimes import FakeRuntime

SERVED = {"asked_rps": 21.0, "achieved_rps": 20.8, "failure_ratio": 0.0, "p99_s": 0.2}
BURNING = {"asked_rps": 21.0, "achieved_rps": 20.8, "failure_ratio": 0.4, "p99_s": 5.0}


class Later:
    """Figures that are made when they are asked for."""

    def __init__(self, make: Callable[[], dict]) -> None:
        self.make = make


class Company:
    """The load, the war room and the releases folder of a lab; what is away does not answer."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.away: set[str] = set()
        self.running = {"healthy": True, "flash-sale": True, "month-end-import": False}
        self.phase = "dark-room"
        self.validated = True  # just now
        self.figures: list[dict | Later] = [SERVED]

    def load(self, request: httpx.Request) -> httpx.Response:
        self._answering("load")
        if request.method == "POST":
            _, _, profile, turn = request.url.path.split("/")
            self.running[profile] = turn == "start"
            self.done.append(f"{turn} {profile}")
            return httpx.Response(200, json={})
        figures = self.figures.pop(0) if len(self.figures) > 1 else self.figures[0]
        figures = figures.make() if isinstance(figures, Later) else figures
        return httpx.Response(200, json=[{"profile": p, "running": r, **figures} for p, r in self.running.items()])

    def warroom(self, request: httpx.Request) -> httpx.Response:
        self._answering("warroom")
        if request.method == "GET":
            return httpx.Response(200, json={"phase": self.phase})
        if request.method == "DELETE":
            self.validated = False
            return httpx.Response(204)
        self.done.append(request.url.path.rpartition("/")[2])
        return httpx.Response(200, json={})

    def _answering(self, name: str) -> None:
        if name in self.away:
            raise httpx.ConnectError("refused")


class Lab(FakeRuntime):
    def __init__(self, company: Company) -> None:
        super().__init__()
        self.company = company

    def restore(self) -> None:
        super().restore()
        if "releases" in self.company.away:
            raise LabError("There is no baseline; run labctl up.")
        self.company.done.append("restore")

    def restart(self, services, progress) -> None:
        super().restart(services, progress)
        self.company.done.append(f"restart {' '.join(services)}")


@pytest.fixture
def company(monkeypatch: pytest.MonkeyPatch) -> Company:
    company = Company()
    lab = Lab(company)
    lab.up(Silent())
    monkeypatch.setattr(options, "runtime", lambda name: lab)
    monkeypatch.setattr(panic, "Load", functools.partial(Load, transport=httpx.MockTransport(company.load)))
    for client in (Drill, Validation):
        answering = functools.partial(client, transport=httpx.MockTransport(company.warroom))
        monkeypatch.setattr(panic, client.__name__, answering)
    for figure in ("SUSTAINED_S", "LIMIT_S", "POLL_S"):
        monkeypatch.setattr(panic, figure, 0)
    return company


RESTART = f"restart {' '.join(EDITABLE)}"


def test_the_drill_ends_before_its_load_so_that_it_does_not_come_back(company: Company, capsys) -> None:
    assert cli.main(["panic"]) == 0
    assert company.done == ["abort", "stop flash-sale", "start healthy", "restore", RESTART]
    assert not company.validated
    assert capsys.readouterr().out.splitlines()[-1] == "Customers are served."


def test_without_a_drill_nothing_is_aborted(company: Company) -> None:
    company.phase = "closed"
    assert cli.main(["panic"]) == 0
    assert "abort" not in company.done


@pytest.mark.parametrize(
    ("away", "left"),
    [
        ("warroom", ["stop flash-sale", "start healthy", "restore", RESTART]),
        ("releases", ["abort", "stop flash-sale", "start healthy", RESTART]),
    ],
)
def test_who_does_not_answer_keeps_nobody_from_the_rest(company: Company, capsys, away: str, left: list[str]) -> None:
    company.away = {away}
    assert cli.main(["panic"]) == 0
    assert company.done == left
    assert "not so: " in capsys.readouterr().out


def test_it_is_all_done_once_more_where_once_was_not_enough(company: Company, capsys) -> None:
    """As where the war room was dead, comes back meanwhile, and goes on with its drill."""
    company.away = {"warroom"}

    def back() -> dict:
        company.away.clear()
        return BURNING

    company.figures = [SERVED, Later(back), SERVED]
    assert cli.main(["panic"]) == 0
    once = ["stop flash-sale", "start healthy", "restore", RESTART]
    assert company.done == [*once, "abort", *once[1:]]
    assert "once more" in capsys.readouterr().out


def test_customers_who_were_away_come_back(company: Company) -> None:
    company.running["healthy"] = False
    assert cli.main(["panic"]) == 0
    assert company.running == {"healthy": True, "flash-sale": False, "month-end-import": False}


def test_what_no_customer_can_confirm_ends_with_1(company: Company, capsys) -> None:
    company.away = {"load"}
    assert cli.main(["panic"]) == 1
    assert "The load does not answer" in capsys.readouterr().err
    assert RESTART in company.done


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (BURNING, "40.0% failed, P99 5000 ms"),
        (SERVED | {"failure_ratio": 0.02}, "2.0% failed"),
        (SERVED | {"p99_s": 0.6}, "P99 600 ms"),
        (SERVED | {"achieved_rps": 4.0}, "P99 200 ms"),
        (SERVED | {"failure_ratio": None, "p99_s": None}, "no answers at all"),
        (SERVED | {"asked_rps": 0.0, "achieved_rps": 0.0}, "P99"),
    ],
)
def test_customers_who_are_not_served_end_it_with_3(company: Company, capsys, figures: dict, said: str) -> None:
    company.figures = [figures]
    assert cli.main(["panic"]) == 3
    assert said in capsys.readouterr().err


def test_it_waits_until_customers_have_been_served_for_a_while(company: Company, monkeypatch) -> None:
    ticks = iter(range(100))
    monkeypatch.setattr(panic.time, "monotonic", lambda: next(ticks))
    monkeypatch.setattr(panic, "SUSTAINED_S", 3)
    monkeypatch.setattr(panic, "LIMIT_S", 50)
    # the first reading is `calm`'s; one good second among bad ones is not enough
    company.figures = [BURNING, BURNING, SERVED, SERVED, BURNING, SERVED, SERVED, SERVED, SERVED, BURNING]
    assert cli.main(["panic"]) == 0
    assert company.figures == [BURNING]


def test_a_lab_that_is_down_is_said_to_be(company: Company, capsys) -> None:
    options.runtime("main").down(Silent())
    assert cli.main(["panic"]) == 1
    assert capsys.readouterr().err == "labctl: Lab main is not up; start it with labctl up.\n"
    assert company.done == []
