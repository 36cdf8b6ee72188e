"""The lab as containers: `docker compose` with the repository's docker-compose.yml, one project a lab."""

import contextlib
import dataclasses
import json
import os
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from lab import releases
from lab.errors import LabError, UsageError
from lab.runtime import containers, mounted, outside
from lab.runtime.base import WHOSE, NotUp, Progress, Service, Status, UnknownService, UnknownToken, Whose, option
from lab.runtime.composition import Composition
from lab.runtime.containers import Container
from lab.runtime.docker import Docker, Running, Unavailable, reason
from lab.runtime.holders import holder, project_of
from lab.runtime.images import Images, listed
from lab.runtime.ports import DEFAULT_BASE, HOST, Ports, choose_base, require_free
from lab.runtime.state import ROOT, Record, State

START_LIMIT_S = 180.0
# Jaeger's answers are those of the store, from where links into its pages lead as well.
STORES = {"traces": "jaeger", "logs": "telemetry"}
STOP_LIMIT_S = 60.0
DATABASE = "lab"
READER = "reader"


class ComposeRuntime:
    kind = "compose"

    def __init__(self, state: State, docker: Docker | None = None, *, every_s: float = 0.3):
        self.state = state
        self.name = state.name
        self.project = project_of(state.name)
        self.docker = docker or Docker()
        self._every_s = every_s

    def exists(self) -> bool:
        """Also a lab that somebody has started with `docker compose up`, or whose data alone is left."""
        record = self.state.glance()
        return (record is not None and record.runtime == self.kind) or bool(self.containers() or self._volumes())

    def is_up(self) -> bool:
        """Does any of its containers run? Not, where no engine answers."""
        try:
            return any(one.running for one in self.containers())
        except LabError:
            return False

    def containers(self) -> list[Container]:
        """Those of this lab. Raises LabError if they are those of another checkout's lab of the same name."""
        found = containers.of_project(self.docker, self.project)
        foreign = next((one.folder for one in found if _is_anothers(one.folder)), None)
        if foreign:
            raise LabError(f"Lab {self.name} is that of {foreign}; run labctl there, or take another name with --name.")
        return found

    def usable(self) -> str:
        """The engine's version. Raises Unavailable where none answers, or images are neither here nor to be had, or its
        containers could not read this checkout."""
        version = self.docker.engine()
        self.docker.compose()
        record = self.state.glance()
        composition = self.composition(record)
        mounted.require_readable(composition)
        if lacking := self.images(composition, record).unobtainable():
            raise Unavailable(
                f"{listed(list(lacking))} can neither be found nor pulled ({next(iter(lacking.values()))})",
                "go online, or bring the images with labctl images load FILE",
            )
        return version

    # up

    def up(self, progress: Progress, *, load: bool = True, port_base: int | None = None) -> None:
        self.docker.engine()
        self.docker.compose()
        with self.state.lock(waiting=progress.note):
            before = self.containers()
            record = self._wanted(before, load, port_base, progress)
            self.state.create()
            outside.take(self.state, os.environ)
            for line in outside.told(self.state):
                progress.note(line)
            composition = self.composition(record)
            mounted.require_readable(composition)
            self._require_free(composition, before, record.port_base)
            self.images(composition, record).ensure(progress)
            self.state.save(record)
            try:
                self._start(record, composition, before, progress)
            except BaseException:
                if not any(one.running for one in before):
                    self._undo(progress)
                raise

    def _wanted(self, found: list[Container], load: bool, port_base: int | None, progress: Progress) -> Record:
        """What the lab is to be: as it was if it is up, else as it is asked for."""
        record = self.state.load()
        if record is None and found:
            record = Record(self._base_of(found), self.kind)
        if record and any(one.running for one in found):
            if port_base not in (None, record.port_base):
                raise UsageError(f"Lab {self.name} is up on ports from {record.port_base} on; labctl down first.")
            if record.load and not load:
                progress.note("--no-load has no effect on a lab that is up; labctl down first")
            return dataclasses.replace(record, runtime=self.kind, wanted=True, profiles=_profiles(record))
        others = [other.port_base for other in self.state.others().values()]
        base = choose_base(self.name, port_base, record.port_base if record else None, others)
        return Record(base, self.kind, wanted=True, load=load, profiles=_profiles(record))

    def _base_of(self, found: list[Container]) -> int:
        """Where a lab has its ports that somebody has started without labctl."""
        ports = [port for one in found if one.service == "warroom" for port in one.published.values()]
        return ports[0] if ports and self.name != "main" else DEFAULT_BASE

    def _require_free(self, composition: Composition, before: list[Container], base: int) -> None:
        ours = {port for one in before if one.running for port in one.published.values()}
        wanted = {port: service for port, service in composition.published.items() if port not in ours}
        require_free(wanted, base, lambda port: holder(port, self.state, self.docker))

    def _start(self, record: Record, composition: Composition, before: list[Container], progress: Progress) -> None:
        began = time.monotonic()
        if outdated := mounted.outdated(composition, before):
            progress.note(
                f"beginning anew, as their configuration has changed: {', '.join(o.service for o in outdated)}"
            )
            self._stop(outdated)  # compose starts them again, after `init`
        command = self._compose("up", "--detach", "--no-build")
        with self.docker.start(*command, environment=self._environment(record)) as up:
            self._wait(composition.names, progress, began, before, up, composition.once)

    def _wait(
        self,
        names: Sequence[str],
        progress: Progress,
        began: float,
        before: list[Container],
        up: Running | None = None,
        once: Collection[str] = (),
    ) -> None:
        """Until `up` has come to its end and all of them are healthy: before that it may still replace some."""
        restarts = {one.id: one.restarts for one in before}
        told: set[str] = set()
        answered: set[tuple[str, str | None]] = set()
        while True:
            if self.state.given_up:
                raise LabError(f"Lab {self.name} is taken down by another command.")
            code = up.code if up else 0
            found = {one.service: one for one in self.containers() if one.service in (*names, *once)}
            well = [name for name in names if name in found and self._is_well(found[name], answered)]
            for name in well:
                if name not in told:
                    progress.healthy(name, time.monotonic() - began)
                    told.add(name)
            pending = [name for name in names if name not in well]
            if not pending and code == 0:
                return
            late = time.monotonic() - began > START_LIMIT_S
            if culprit := containers.culprit(found, pending, once, restarts, over=late or bool(code)):
                raise self._failed(culprit)
            if late:
                absent = ", ".join(pending) or "docker compose up"
                raise LabError(f"{absent} took more than {START_LIMIT_S:g} s; see labctl status and labctl doctor.")
            if code:
                raise LabError(f"docker compose up failed: {reason(up.output() if up else [])}; see labctl doctor.")
            time.sleep(self._every_s)

    def _failed(self, one: Container) -> LabError:
        last = "\n".join(self.docker.lines("logs", "--tail", "10", one.id))
        return LabError(
            f"{one.service} did not become healthy; correct what its last lines name, then run "
            f"labctl up{option(self.name)} again.\n{last or 'It has written nothing.'}"
        )

    def _undo(self, progress: Progress) -> None:
        """End what a failed start has left running; the containers stay, with what they wrote."""
        with contextlib.suppress(LabError):
            self.state.update(wanted=False)
            if running := [one.id for one in self.containers() if one.status != "exited"]:
                progress.note("ending what was started; labctl logs SERVICE still shows what it wrote")
                self.docker.run("stop", "-t", "5", *running, timeout_s=STOP_LIMIT_S)

    # down

    def down(self, progress: Progress, *, purge: bool = False) -> None:
        if not self.exists():
            return
        found = self.containers()
        if purge and not found and self.state.glance() is None:
            progress.note(f"removing the volumes of {self.project}, whichever checkout has made them")
        self.state.path.mkdir(parents=True, exist_ok=True)
        with self.state.giving_up(), self.state.lock(waiting=progress.note):
            if record := self.state.glance():
                self.state.save(dataclasses.replace(record, wanted=False))
            command = self._compose("down", "--remove-orphans", *(["--volumes"] if purge else []), everything=True)
            done = self.docker.run(*command, environment=self._environment(record), timeout_s=2 * STOP_LIMIT_S)
            if done.code:
                progress.note(f"docker compose down failed ({reason(done.err.splitlines())}); ending all one by one")
            self._sweep(purge)
            if purge and (kept := self.state.purge()):
                progress.note(f"the team's workspace is kept in {kept}")

    def _sweep(self, purge: bool) -> None:
        """Remove what bears the project's label and is no longer in the file, or could not be read from it."""
        if left := [one.id for one in self.containers()]:
            self.docker.run("stop", *left, timeout_s=STOP_LIMIT_S)
            self.docker.run("rm", "--force", "--volumes", *left)
        if networks := self._labelled("network"):
            self.docker.ask("network", "rm", *networks)
        if purge and (volumes := self._volumes()):
            self.docker.ask("volume", "rm", *volumes)

    def _volumes(self) -> list[str]:
        return self._labelled("volume")

    def _labelled(self, kind: str) -> list[str]:
        return self.docker.ask(kind, "ls", "--quiet", "--filter", f"label={containers.PROJECT}={self.project}").split()

    # while it runs

    def restart(self, services: Sequence[str], progress: Progress) -> None:
        chosen = self._chosen(services)
        began = time.monotonic()
        if stopped := [name for name in services if name in releases.SERVICES]:
            self._want(start=stopped)  # what was stopped by request
        self._stop(chosen)
        self.docker.ask("start", *(one.id for one in chosen))
        self._wait([one.service for one in chosen], progress, began, chosen)
        if self._is_outdated(services):
            progress.note(f"restarted as it was built; labctl up{option(self.name)} takes the changes in")

    def _is_outdated(self, services: Sequence[str]) -> bool:
        """Is one of them made of an image whose sources have changed since?"""
        with contextlib.suppress(LabError):
            record = self.state.glance()
            composition = self.composition(record, everything=True)
            ours = {image for image in composition.built if not set(services).isdisjoint(composition.made_of(image))}
            return not ours.isdisjoint(self.images(composition, record).outdated())
        return False

    def restore(self) -> None:
        self._want(release=releases.LATEST, start=releases.SERVICES)

    def _want(self, **wish: object) -> None:
        """As lab.releases takes it, by the war room's container, which alone can write it; else by one made for it."""
        found = self._up().get("warroom")
        command = ("python", "-m", "lab.releases")
        if found and found.running:
            self.docker.ask("exec", found.id, *command, "/releases", json.dumps(wish))
        else:
            once = self._compose("run", "--rm", "--no-deps", "init", *command, "/volumes/releases", json.dumps(wish))
            self.docker.ask(*once, environment=self._environment(self.state.glance()))

    def stop(self, services: Sequence[str]) -> None:
        self._stop(self._chosen(services))

    def _stop(self, chosen: list[Container]) -> None:
        self.docker.ask("stop", *(one.id for one in chosen), timeout_s=STOP_LIMIT_S)

    def status(self) -> Status:
        found = {one.service: one for one in self.containers()}
        composition = self.composition(self.state.glance(), everything=True)
        names = [name for name in composition.names if name in found or name not in composition.optional]
        sizes = containers.memory(self.docker, [one.id for one in found.values() if one.running])
        well = {name for name, one in found.items() if self._is_well(one)}
        services = [_service(name, found.get(name), sizes, name in well) for name in names]
        return Status(self.name, self.kind, all(one.state == "healthy" for one in services), services)

    def _is_well(self, one: Container, answered: set[tuple[str, str | None]] | None = None) -> bool:
        """`answered` remembers starts of containers that said so themselves, so that none is asked twice."""
        start = (one.id, one.started_at)
        if one.state == "starting" and answered and start in answered:
            return True
        try:
            well = containers.is_well(self.docker, one)
        except LabError:  # it has gone meanwhile, or takes too long
            return False
        if well and one.state == "starting" and answered is not None:
            answered.add(start)
        return well

    def endpoint(self, service: str) -> str:
        found = self._up()
        service = STORES.get(service, service)
        if service == "postgres":
            password = quote(self._key(found, "postgres", READER))
            return f"postgresql://{READER}:{password}@{HOST}:{_port(found['postgres'])}/{DATABASE}"
        if service not in found or not found[service].published:
            raise UnknownService(service, [name for name, one in found.items() if one.published])
        return f"http://{HOST}:{_port(found[service])}"

    def token(self, whose: Whose) -> str:
        if whose not in WHOSE:
            raise UnknownToken(whose)
        return self._key(self._up(), "warroom", whose)

    def logs(self, service: str, *, follow: bool = False) -> Iterator[str]:
        found = {one.service: one for one in self.containers()}
        if not found:
            raise NotUp(self.name)
        if service not in found:
            raise UnknownService(service, list(found))
        return self._follow(found[service]) if follow else self.docker.lines("logs", found[service].id)

    def _follow(self, one: Container) -> Iterator[str]:
        """docker's own following ends with the process; this goes on with the next."""
        since: list[str] = []
        while True:
            yield from self.docker.lines("logs", "--follow", *since, one.id)
            seen = one.started_at
            while one.started_at in (None, seen):
                time.sleep(self._every_s)
                one = next((found for found in self.containers() if found.id == one.id), None) or self._gone()
            since = ["--since", one.started_at or ""]

    def _gone(self) -> Container:
        raise NotUp(self.name)

    # what is known

    def composition(self, record: Record | None = None, *, everything: bool = False) -> Composition:
        """What the compose file says for this lab; `everything` turns on all profiles."""
        command = self._compose("config", "--format", "json", everything=everything)
        return Composition(self.docker.ask(*command, environment=self._environment(record)))

    def images(self, composition: Composition, record: Record | None = None) -> Images:
        return Images(self.docker, composition, self._compose, self._environment(record))

    def _compose(self, *arguments: str, everything: bool = False) -> tuple[str, ...]:
        profiles = ("--profile", "*") if everything else ()
        return ("compose", "--project-name", self.project, *profiles, *arguments)

    def _environment(self, record: Record | None) -> dict[str, str]:
        """What docker-compose.yml takes from outside. The block from 8400 on is .env's own, which a person may edit."""
        environment = {"LAB_PROJECT": self.project}
        with contextlib.suppress(LabError):  # `up` has said so already, and `down` needs none of it
            environment |= outside.kept(self.state)
        if record is None:
            return environment
        environment["LAB_HEALTHY"] = "1" if record.load else "0"
        if record.profiles is not None:
            environment["COMPOSE_PROFILES"] = record.profiles
        if record.port_base != DEFAULT_BASE:
            published = Ports(record.port_base).published()
            environment |= {f"LAB_{service.upper()}_PORT": str(port) for service, port in published.items()}
        return environment

    def _up(self) -> dict[str, Container]:
        found = {one.service: one for one in self.containers()}
        if not any(one.running for one in found.values()):
            raise NotUp(self.name)
        return found

    def _chosen(self, services: Sequence[str]) -> list[Container]:
        found = self._up()
        if unknown := [name for name in services if name not in found]:
            raise UnknownService(unknown[0], list(found))
        return [found[name] for name in services]

    def _key(self, found: dict[str, Container], service: str, key: str) -> str:
        """What `init` has generated and only this service's container can read."""
        if service not in found or not found[service].running:
            raise LabError(f"{service}, which has it, does not run; labctl restart {service}{option(self.name)} first.")
        return self.docker.ask("exec", found[service].id, "cat", f"/keys/{key}").strip()


def _is_anothers(folder: str) -> bool:
    """Is there a checkout in that folder, and is it not this one? One that was moved has left its folder behind."""
    try:
        return bool(folder) and Path(folder).resolve() != ROOT and (Path(folder) / "docker-compose.yml").is_file()
    except OSError:  # another user's
        return True


def _profiles(record: Record | None) -> str | None:
    """What the user's COMPOSE_PROFILES says now; else what it said when the lab was started."""
    return os.environ.get("COMPOSE_PROFILES", record.profiles if record else None)


def _service(name: str, one: Container | None, sizes: dict[str, int], well: bool) -> Service:
    if one is None:
        return Service(name, "stopped")
    url = f"http://{HOST}:{_port(one)}" if one.published and name != "postgres" else None
    return Service(name, "healthy" if well else one.state, one.pid, url, sizes.get(one.id), one.started_at)


def _port(one: Container) -> int:
    return next(iter(one.published.values()))
