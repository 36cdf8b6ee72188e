"""A lab made as new: in order, with the pager held back, and running again whatever went wrong."""

import pytest
from warroom import reset
from warroom.customers import Customers
from warroom.releasing import Health, Interrupted
from warroom.reset import QUIET_S, Reset
from warroom.silences import Silences

from lab.clients.load import Load
from lab.clients.prometheus import Prometheus
from lab.errors import LabError
from tests.integration.warroom.world import Waiting, World


class Lab:
    def __init__(self) -> None:
        self.world = World()
        self.world.pass_(100)
        self.stopping = Waiting(self.world)
        self.cleared: list[tuple] = []
        self.at: list[str] = []
        self.fails: Exception | None = None
        transport = self.world.transport()
        prometheus = Prometheus("http://prometheus", transport=transport)
        self.reset = Reset(
            releases=self.world.releases,
            clear=self._clear,
            load=Load("http://load", transport=transport),
            silences=Silences("http://alertmanager", transport=transport),
            health=Health(prometheus, self.stopping, transport=transport, clock=self.world.at),
            customers=Customers(prometheus),
            prometheus=prometheus,
            stopping=self.stopping,
            clock=self.world.at,
        )

    def _clear(self) -> None:
        self.cleared.append((set(self.world.running), self.world.releases.state.stopped))
        if self.fails:
            raise self.fails

    @property
    def silenced(self) -> bool:
        return any(one["status"]["state"] == "active" for one in self.world.silences.values())

    def run(self, wanted=lambda: True):
        return self.reset.run(wanted)


@pytest.fixture
def lab() -> Lab:
    return Lab()


def test_it_is_quiet_afterwards_and_everything_is_the_baseline_s(lab: Lab) -> None:
    lab.world.running["flash-sale"] = {"size": 40}
    lab.world.releases.want("r-1")
    began = lab.world.seconds
    quiet = lab.run()
    ((running, stopped),) = lab.cleared
    assert running == set() and len(stopped) == 7, "the database is emptied while nobody uses it"
    assert lab.world.releases.state.release == lab.world.releases.baseline()
    assert lab.world.releases.state.stopped == ()
    assert set(lab.world.running) == {"healthy"}
    assert quiet.until - quiet.since == QUIET_S and quiet.since >= began and quiet.until == lab.world.seconds
    assert not lab.silenced and lab.reset.doing == ""


def test_nobody_is_paged_while_it_goes_on(lab: Lab) -> None:
    seen = []
    lab.run(lambda: seen.append(lab.silenced) or True)
    assert seen and all(seen)
    (silence,) = lab.world.silences.values()
    assert silence["matchers"] == [{"name": "alertname", "value": ".+", "isRegex": True, "isEqual": True}]


def test_a_silence_that_a_killed_process_left_goes_too(lab: Lab) -> None:
    with pytest.raises(Interrupted):
        lab.run(lambda: lab.stopping.set() or True)
    assert lab.silenced, "whoever comes next needs it"
    lab.stopping.clear()
    lab.run()
    assert not lab.silenced


def test_an_alert_that_pends_is_not_quiet(lab: Lab) -> None:
    lab.world.alerts = 1
    asked = []

    def wanted() -> bool:
        asked.append(lab.world.seconds)
        if asked[-1] - asked[0] > 100:
            lab.world.alerts = 0
        return True

    quiet = lab.run(wanted)
    assert quiet.since - asked[0] >= 100


def test_customers_who_are_never_content_end_it_with_a_sentence(lab: Lab) -> None:
    lab.world.slow.add(("checkout", "/orders"))
    with pytest.raises(
        LabError, match=r"no 30 quiet seconds within 300: at last \d+ of \d+ answers of checkout /orders took longer"
    ):
        lab.run()
    assert not lab.silenced and "healthy" in lab.world.running


def test_a_service_that_does_not_come_back_is_named(lab: Lab) -> None:
    lab.world.unhealthy.add("orders")
    with pytest.raises(LabError, match="orders did not become healthy within 120 s; see labctl logs orders"):
        lab.run()
    assert not lab.silenced and "healthy" in lab.world.running


def test_a_database_that_cannot_be_emptied_leaves_a_lab_that_runs(lab: Lab) -> None:
    lab.fails = LabError("The database could not be emptied.")
    with pytest.raises(LabError, match="emptied"):
        lab.run()
    assert lab.world.releases.state.stopped == () and "healthy" in lab.world.running
    assert not lab.silenced


def test_who_gives_up_meanwhile_finds_a_lab_that_runs(lab: Lab) -> None:
    assert lab.run(lambda: False) is None
    assert lab.world.releases.state.stopped == () and "healthy" in lab.world.running
    assert not lab.silenced


def test_a_killed_one_is_done_again_from_the_beginning(lab: Lab) -> None:
    lab.fails = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        lab.run()
    lab.fails = None
    assert lab.run() is not None
    assert len(lab.cleared) == 2


def test_every_schema_goes_but_the_database_s_own(database_url: str) -> None:
    import psycopg

    with psycopg.connect(database_url, autocommit=True) as database:
        for statement in (
            "CREATE SCHEMA billing",
            "CREATE TABLE billing.book (id int)",
            "CREATE SCHEMA orders",
            "CREATE TABLE orders.history (id int)",
            "CREATE VIEW orders.both AS SELECT id FROM billing.book",
            'CREATE SCHEMA "of a fix"',
        ):
            database.execute(statement)
    reset.clear(database_url)
    reset.clear(database_url)  # nothing left is no mistake
    with psycopg.connect(database_url) as database:
        left = database.execute(reset.OWN_SCHEMAS).fetchall()
    assert left == []


def test_a_database_that_is_away_is_a_sentence() -> None:
    with pytest.raises(LabError, match="could not be emptied") as error:
        reset.clear("postgresql://nobody@127.0.0.1:1/none")
    assert "\n" not in str(error.value)
