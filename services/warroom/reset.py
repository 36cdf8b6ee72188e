"""Makes the lab as new before a drill: the baseline's code, the baseline's data, and customers who are content.

The data are not restored from a copy, which would grow stale: the schemas go, and the baseline's own migrations make
them anew. Begun again after a crash it does the same from the beginning.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import psycopg
from psycopg import sql

from lab.clients.load import Load
from lab.clients.prometheus import Prometheus
from lab.drill.event import Quiet
from lab.errors import LabError
from warroom.customers import Customers
from warroom.releasing import SERVICES, Health, Interrupted, Releases
from warroom.silences import Silences

HEALTHY = "healthy"
QUIET_S = 30.0  # seconds of content customers, with which the incident will be compared
STOPPED_S, STARTED_S, QUIET_WITHIN_S = 30.0, 120.0, 300.0
SILENT_S = STOPPED_S + STARTED_S + QUIET_WITHIN_S + 60
LOOK_EVERY_S = 2.0
ALERTS = "count by (alertname, service) (ALERTS)"  # pending ones too

OWN_SCHEMAS = """
SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')
"""


def clear(warden_url: str) -> None:
    """Drops every schema that services, or a release of them, have made. Raises LabError."""
    try:
        with psycopg.connect(warden_url, connect_timeout=5) as database:
            database.execute("SET lock_timeout = '15s'")
            for (schema,) in database.execute(OWN_SCHEMAS).fetchall():
                database.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
    except psycopg.Error as error:
        raise LabError(
            f"The database could not be emptied ({' '.join(str(error).split()).rstrip('.')}); see labctl logs postgres."
        ) from error


class Reset:
    """`doing` says what it is at, empty when it is not at work. `clear` empties the database."""

    def __init__(
        self,
        *,
        releases: Releases,
        clear: Callable[[], None],
        load: Load,
        silences: Silences,
        health: Health,
        customers: Customers,
        prometheus: Prometheus,
        stopping: threading.Event,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._releases = releases
        self._clear = clear
        self._load = load
        self._silences = silences
        self._health = health
        self._customers = customers
        self._prometheus = prometheus
        self._stopping = stopping
        self._clock = clock
        self.doing = ""

    def run(self, wanted: Callable[[], bool]) -> Quiet | None:
        """Takes a minute or two. None where `wanted` said meanwhile that nobody waits for it any longer; the lab runs
        all the same. Raises LabError, and Interrupted when this process is to end."""
        try:
            self.doing = "holding the pager back"
            self._silences.begin(SILENT_S, "The lab is made as new for a drill.")
            self.make_new()
            return self._quiet(wanted)
        finally:
            self.doing = ""
            if not self._stopping.is_set():
                self._silences.end()

    def make_new(self) -> None:
        """The baseline's code, the baseline's data, and its customers, who may still have to be waited for. Raises as
        `run` does."""
        with self._customers_back(), self._services_back():
            self._stop()
            self.doing = "emptying the database"
            self._clear()

    def _stop(self) -> None:
        self.doing = "stopping the load"
        for one in self._load.profiles():
            if one["running"]:
                self._load.stop(one["profile"])
        self.doing = "stopping the services"
        self._releases.want(stop=SERVICES)
        self._health.wait_stopped(SERVICES, STOPPED_S)

    @contextlib.contextmanager
    def _services_back(self) -> Iterator[None]:
        """Whatever happens, the baseline runs afterwards."""
        try:
            yield
        except Interrupted:
            raise
        except BaseException:
            self._releases.want(self._releases.baseline(), start=SERVICES)
            raise
        self.doing = "starting the baseline"
        wanted = self._releases.want(self._releases.baseline(), start=SERVICES)
        self._health.wait(wanted, SERVICES, STARTED_S)

    @contextlib.contextmanager
    def _customers_back(self) -> Iterator[None]:
        try:
            yield
        except Interrupted:
            raise
        except BaseException:
            with contextlib.suppress(LabError):  # the first error says more
                self._load.start(HEALTHY)
            raise
        self.doing = "letting the customers in"
        self._load.start(HEALTHY)

    def _quiet(self, wanted: Callable[[], bool]) -> Quiet | None:
        self.doing = f"waiting for {QUIET_S:g} quiet seconds"
        begin = self._clock()
        while wanted():
            now = self._clock()
            since = now - QUIET_S
            if since >= begin:
                unrest = self._unrest(since, now)
                if not unrest:
                    return Quiet(since=since, until=now)
                self.doing = f"waiting for {QUIET_S:g} quiet seconds, but {unrest}"
                if now > begin + QUIET_WITHIN_S:
                    raise LabError(
                        f"There were no {QUIET_S:g} quiet seconds within {QUIET_WITHIN_S:g}: at last {unrest}; "
                        "see labctl pages and labctl load status."
                    )
            if self._stopping.wait(LOOK_EVERY_S):
                raise Interrupted
        return None

    def _unrest(self, since: float, now: float) -> str:
        """What is not quiet, in half a sentence; empty if all is."""
        alerts = [" of ".join(one.labels.values()) for one in self._prometheus.query_range(ALERTS, since, now, 2)]
        if alerts:
            return f"{', '.join(sorted(alerts))} was pending or firing"
        return self._customers.unrest(since, now)
