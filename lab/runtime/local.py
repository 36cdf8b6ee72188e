"""The lab as processes of this machine, under one supervisor."""

import dataclasses
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil

from lab import releases
from lab.errors import LabError, UsageError
from lab.releases import Releases
from lab.runtime import database, health, logfile, outside, packages, processes, rendering, supervision
from lab.runtime.base import (
    WHOSE,
    NotUp,
    Progress,
    Service,
    ServiceState,
    Status,
    UnknownService,
    UnknownToken,
    Whose,
)
from lab.runtime.docker import Docker
from lab.runtime.holders import holder
from lab.runtime.ports import Ports, choose_base, require_free
from lab.runtime.program import Program
from lab.runtime.programs import KEEPER, NAMES, STOP_ORDER, keeper, programs
from lab.runtime.state import ROOT, Record, State
from lab.runtime.supervision import Supervisor

START_LIMIT_S = 90
# a process that lives but does not answer counts as starting for so long
STARTING_S = 20
# who keeps what the services tell of themselves
STORES = {"traces": "telemetry", "logs": "telemetry"}
KEPT_ENVIRONMENT = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_CACHE_HOME")
# While the supervisor loads libraries, these start; the load waits for the services by itself.
FIRST = ("postgres", "prometheus", "alertmanager", "load", "telemetry")


class LocalRuntime:
    kind = "local"

    def __init__(self, state: State, docker: Docker | None = None):
        self.state = state
        self.name = state.name
        self.docker = docker or Docker()
        self.supervisor = Supervisor(state)
        self.releases = Releases(state.releases)
        self.table: processes.Table = processes.Machine()

    def exists(self) -> bool:
        return self.state.exists()

    def is_up(self) -> bool:
        """Is its supervisor there, be all well or not?"""
        return self.supervisor.answers()

    # up

    def up(self, progress: Progress, *, load: bool = True, port_base: int | None = None) -> None:
        with self.state.lock(waiting=progress.note):
            if self.supervisor.answers():
                self._complete(progress, load=load, port_base=port_base)
            else:
                self.bring_up(progress, load=load, port_base=port_base)

    def _complete(self, progress: Progress, *, load: bool, port_base: int | None) -> None:
        """The supervisor is there: start what is stopped, or what an interrupted `up` has not reached."""
        record = self._record()
        if port_base not in (None, record.port_base):
            raise UsageError(f"Lab {self.name} is up on ports from {record.port_base} on; labctl down first.")
        if record.load and not load:
            progress.note("--no-load has no effect on a lab that is up; labctl down first")
        if outside.take(self.state, os.environ):
            progress.note(
                "what is to be spoken to outside of the lab is taken in when it next starts: labctl down, then up"
            )
        self.state.update(wanted=True)  # an interrupted `down` has said otherwise
        began = time.monotonic()
        if changed := self._lay_out(progress):
            self._stop(changed)
        self.releases.want(start=releases.SERVICES)
        self._start_all(progress, began)

    def bring_up(
        self, progress: Progress, *, load: bool, port_base: int | None = None, persistent: bool = False
    ) -> None:
        """Start everything; the caller holds the lock. What a failed attempt started is ended again, and the lab is
        wanted no longer unless the caller is persistent: tries until it succeeds."""
        began = time.monotonic()
        self.end_leftovers(progress)
        recorded, others = self.state.load(), self.state.others().values()
        base = choose_base(
            self.name, port_base, recorded.port_base if recorded else None, [other.port_base for other in others]
        )
        ports = Ports(base)
        require_free(ports.all(), base, lambda port: holder(port, self.state, self.docker))
        packages.ensure(progress.note)
        self.state.create()
        for keeps in ("telemetry", "warroom"):
            (self.state.data / keeps).mkdir(exist_ok=True)
        for token in ("team", "instructor", "webhook"):
            self.state.token(token)
        outside.take(self.state, os.environ)
        for line in outside.told(self.state):
            progress.note(line)
        record = Record(ports.base, load=load, wanted=True, mark=secrets.token_hex(16))
        self.state.save(record)
        rendering.render(self.state, ports)
        self.releases.lay_out(ROOT / "services")
        self.releases.want(start=releases.SERVICES)
        try:
            self._start(programs(self.state, ports, load=load), record.mark, progress, began)
        except BaseException:
            self.state.update(wanted=persistent)
            self._end(progress)
            raise

    def _start(self, programs: Sequence[Program], mark: str, progress: Progress, began: float) -> None:
        config = self.state.config / "supervisord.conf"
        text = supervision.configuration(self.state, [*programs, keeper(self.name)], superuser=os.geteuid() == 0)
        config.write_text(text)
        config.chmod(0o600)
        supervision.socket_path(self.state).unlink(missing_ok=True)
        self._recorded.unlink(missing_ok=True)
        environment = {key: os.environ[key] for key in KEPT_ENVIRONMENT if key in os.environ}
        output = self.state.logs / "supervisor.out"
        with output.open("w") as out:
            child = subprocess.Popen(
                [sys.executable, "-m", "lab.runtime.forkserver", str(config), str(self._recorded)],
                cwd=ROOT,
                env=environment | {processes.MARK: mark},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        processes.write(self._recorded, child.pid)
        # meanwhile, so that its second of work overlaps with the supervisor's
        database.initialise(self.state, progress.note)
        if not health.wait_for(lambda: self.supervisor.answers() or child.poll() is not None, START_LIMIT_S):
            child.kill()
        if child.poll() is not None:
            raise LabError(f"The supervisor did not start:\n{logfile.last_lines(output)}")
        self._start_all(progress, began)

    def _start_all(self, progress: Progress, began: float) -> None:
        database.initialise(self.state, progress.note)
        for name in FIRST:
            self.supervisor.start(name)
        self._wait(["postgres"], progress, began)
        database.prepare(self.state)
        for name in NAMES:
            self.supervisor.start(name)
        self._wait([name for name in NAMES if name != "postgres"], progress, began)
        self.supervisor.start(KEEPER)

    def _wait(self, names: Sequence[str], progress: Progress, began: float) -> None:
        """Until all of them are healthy."""
        pending = {program.name: program for program in self._programs() if program.name in names}
        deadline = time.monotonic() + START_LIMIT_S
        while pending:
            if self.state.given_up:
                raise LabError(f"Lab {self.name} is taken down by another command.")
            infos = self.supervisor.processes()
            for name in sorted(health.healthy(pending.values(), self.state), key=NAMES.index):
                progress.healthy(name, time.monotonic() - began)
                del pending[name]
            late = time.monotonic() > deadline
            for name in pending:
                if infos[name]["statename"] == "FATAL" or late:
                    path = self.state.logs / f"{name}.log"
                    raise LabError(
                        f"{name} did not become healthy; correct what its last lines in {path} name, "
                        f"then run labctl up again.\n{logfile.last_lines(path) or infos[name]['spawnerr']}"
                    )
            time.sleep(0.2 if pending else 0)

    # down

    def down(self, progress: Progress, *, purge: bool = False) -> None:
        if not self.state.path.exists():
            return
        with self.state.giving_up(), self.state.lock(waiting=progress.note):
            if record := self.state.glance():
                self.state.save(dataclasses.replace(record, wanted=False))
            self._end(progress)
            if purge and (kept := self.state.purge()):
                progress.note(f"the team's workspace is kept in {kept}")

    def _end(self, progress: Progress) -> None:
        if self.supervisor.answers():
            try:
                self._stop_in_order()
                self.supervisor.shutdown()
                health.wait_for(lambda: not self.supervisor.answers(), 10)
            except OSError:
                progress.note("the supervisor went away; ending what it has left")
        self.end_leftovers(progress)

    def _stop_in_order(self) -> None:
        for names in ((KEEPER,), *STOP_ORDER):
            for name in names:
                self.supervisor.stop(name)
            self._wait_stopped(names)

    def _wait_stopped(self, names: Sequence[str]) -> None:
        def stopped() -> bool:
            infos = self.supervisor.processes()
            return all(infos[name]["pid"] == 0 for name in names)

        if not health.wait_for(stopped, supervision.STOP_WAIT_S + 4):
            raise LabError(f"{' or '.join(names)} does not stop; run labctl down again.")

    def end_leftovers(self, progress: Progress) -> None:
        """End what a crash has left of this lab, and remove its sockets."""
        record = self.state.glance()
        mark = record.mark if record else ""

        def ours() -> list[processes.Recorded]:
            found = processes.leftovers(processes.read(self._recorded), mark, self.table)
            return [one for one in found if one.pid != os.getpid()]  # the keeper is of the run that it cleans up

        found = ours()
        if found and not health.wait_for(lambda: not ours(), 0.5):
            progress.note(f"ending {len(ours())} processes that an earlier run has left")
        if rest := processes.end(ours, self.table):
            raise LabError(f"Processes {', '.join(str(one.pid) for one in rest)} do not end; end them by hand.")
        if self.state.sockets.exists():
            for path in (*self.state.sockets.glob("*.sock*"), *self.state.sockets.glob("pg/.s.PGSQL*")):
                path.unlink(missing_ok=True)
            self._recorded.unlink(missing_ok=True)

    # while it runs

    def restart(self, services: Sequence[str], progress: Progress) -> None:
        self._require_up(services)
        began = time.monotonic()
        services = [*services, *(name for name in self._lay_out(progress) if name not in services)]
        self.releases.want(start=[name for name in services if name in releases.SERVICES])
        self._stop(services)
        for name in services:
            self.supervisor.start(name)
        self._wait(services, progress, began)

    def _lay_out(self, progress: Progress) -> list[str]:
        """Take the checkout's code in; gives the services that have to be restarted for it."""
        changed = self.releases.lay_out(ROOT / "services")
        if changed:
            progress.note(f"the code of {', '.join(changed)} has changed: restarting what runs it")
        return changed

    def stop(self, services: Sequence[str]) -> None:
        self._require_up(services)
        self._stop(services)

    def restore(self) -> None:
        self._require_up([])
        self.releases.want(self.releases.baseline(), start=releases.SERVICES)

    def _stop(self, services: Sequence[str]) -> None:
        for name in services:
            self.supervisor.stop(name)
        self._wait_stopped(services)

    def status(self) -> Status:
        record = self.state.load()
        if record is None or not self.supervisor.answers():
            return Status(self.name, "local", False, [Service(name, "stopped") for name in NAMES])
        infos = self.supervisor.processes()
        everything = self._programs()
        living = [program for program in everything if infos[program.name]["pid"]]
        well = health.healthy(living, self.state)
        by_request = self._stopped_by_request()
        services = [
            Service(program.name, "stopped", url=program.url)
            if program.name in by_request and program.name not in well
            else self._service(program, infos[program.name], program.name in well)
            for program in everything
        ]
        ready = all(service.state == "healthy" for service in services)
        return Status(self.name, "local", ready, [*services, *self._overseers(infos[KEEPER]["pid"] or None)])

    def _stopped_by_request(self) -> tuple[str, ...]:
        """Their launchers live, and nobody listens."""
        try:
            return self.releases.wanted().stopped
        except LabError:
            return ()

    def _overseers(self, keeper_pid: int | None) -> list[Service]:
        path = self.state.run / "supervisor.pid"
        pids = {"supervisor": int(path.read_text()) if path.exists() else None, KEEPER: keeper_pid}
        return [
            Service(name, "healthy", pid, None, health.memory(pid, children=False), _born(pid))
            if pid
            else Service(name, "stopped")
            for name, pid in pids.items()
        ]

    def _service(self, program: Program, info: dict, well: bool) -> Service:
        pid = info["pid"] or None
        state: ServiceState = "stopped"
        if pid:
            young = info["now"] - info["start"] < STARTING_S
            state = "healthy" if well else "starting" if young else "unhealthy"
        elif info["statename"] in ("BACKOFF", "EXITED", "FATAL"):
            state = "unhealthy"
        if pid is None:
            return Service(program.name, state, None, program.url)
        return Service(program.name, state, pid, program.url, health.memory(pid), _time(info["start"]))

    def endpoint(self, service: str) -> str:
        record = self.state.load()
        if record is None or not self.is_up():
            raise NotUp(self.name)
        if service == "postgres":
            return database.url(self.state, database.READER)
        service = STORES.get(service, service)
        if service not in NAMES:
            raise UnknownService(service, NAMES)
        return Ports(record.port_base).url(service)

    def token(self, whose: Whose) -> str:
        if whose not in WHOSE:
            raise UnknownToken(whose)
        if not self.is_up():
            raise NotUp(self.name)
        return self.state.token(whose)

    def logs(self, service: str, *, follow: bool = False) -> Iterator[str]:
        if service not in (*NAMES, KEEPER, "supervisor"):
            raise UnknownService(service, NAMES)
        if not self.state.logs.exists():
            raise NotUp(self.name)
        return logfile.lines(self.state.logs / f"{service}.log", follow=follow)

    # what is known

    @property
    def _recorded(self) -> Path:
        return self.state.run / "processes"

    def _record(self) -> Record:
        record = self.state.load()
        if record is None:
            raise NotUp(self.name)
        return record

    def _programs(self) -> list[Program]:
        record = self._record()
        return programs(self.state, Ports(record.port_base), load=record.load)

    def _require_up(self, services: Sequence[str]) -> None:
        if not self.is_up():
            raise NotUp(self.name)
        if unknown := [name for name in services if name not in NAMES]:
            raise UnknownService(unknown[0], NAMES)


def _time(seconds: float) -> str:
    """Seconds since the epoch as ISO 8601 UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _born(pid: int) -> str | None:
    try:
        return _time(psutil.Process(pid).create_time())
    except psutil.Error:
        return None
