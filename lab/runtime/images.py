"""The images that a lab's containers are made of: which are missing, how they are had, and how they travel."""

import gzip
import hashlib
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from lab.errors import LabError, UsageError
from lab.runtime.base import Progress
from lab.runtime.composition import Composition
from lab.runtime.docker import Docker, Running, reason
from lab.runtime.health import wait_for
from lab.runtime.state import ROOT

# docker-compose.yml puts LAB_SOURCES into this label; empty where plain `docker compose` has built the image
LABEL = "lab.sources"
SOURCES = "LAB_SOURCES"
INSPECTED = f'{{{{.Created}}}} {{{{index .Config.Labels "{LABEL}"}}}}'
# a registry that has said nothing for so long cannot be reached
REGISTRY_S = 10.0
SAYING_S = 10.0
# what editors and desktops leave beside the sources
LEFTOVER = re.compile(r"^\.|~$|\.swp$")
DOCKERFILE = "compose/Dockerfile"
PINNED = re.compile(r"(?P<image>[\w./-]+):\$\{(?P<variable>\w+_VERSION)[^}]*\}")


class Images:
    """`compose` gives the arguments of `docker` for Compose's, such as `("compose", "-p", "3am-lab", "build")`."""

    def __init__(
        self,
        docker: Docker,
        composition: Composition,
        compose: Callable[..., tuple[str, ...]],
        environment: Mapping[str, str],
        *,
        root: Path = ROOT,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self.docker = docker
        self.composition = composition
        self._compose = compose
        self._environment = environment
        self._root = root
        self._sleep = sleep

    def missing(self) -> list[str]:
        """The images that the engine does not have, ours included."""
        return [image for image in (*self.composition.images, *self.composition.built) if not self._has(image)]

    def unobtainable(self) -> dict[str, str]:
        """Those that are missing and that no registry offers within REGISTRY_S, with why; all are asked at once."""
        wanted = [image for image in self.composition.images if not self._has(image)]
        if not all(map(self._has, self.composition.built)) and not self._has(self.composition.base):
            wanted.append(self.composition.base)
        with ExitStack() as pulls:
            asked = {image: pulls.enter_context(self.docker.start("pull", image)) for image in wanted}
            wait_for(lambda: all(_answered(pull) for pull in asked.values()), REGISTRY_S)
            return {image: why for image, pull in asked.items() if (why := _refused(pull))}

    def ensure(self, progress: Progress, *, labelled: bool = False) -> None:
        """Build ours where their sources have changed, and pull what is missing; `labelled`: ours must say of which
        sources they are."""
        for image, service in self.composition.built.items():
            self._build(image, service, progress, labelled=labelled)
        wanted = [image for image in self.composition.images if not self._has(image)]
        for number, image in enumerate(wanted, 1):
            self._pull(image, f"pulling {image} ({number} of {len(wanted)})", progress)

    def save(self, path: Path, progress: Progress) -> int:
        """All of them into one tar, compressed if its name ends in .gz; gives its size in bytes."""
        if pinned := [image for image in self.composition.images if "@" in image]:
            raise LabError(f"{pinned[0]} is pinned by digest, which no tar keeps; labctl images lock --off first.")
        if not path.parent.is_dir():
            raise UsageError(f"There is no folder {path.parent}; make it, or name a file elsewhere.")
        self.ensure(progress, labelled=True)
        images = (*self.composition.built, *self.composition.images)
        partial, tar = path.with_name(f".{path.name}.partial"), path.with_name(f".{path.name}.tar")
        try:
            with self.docker.start("save", "--output", str(tar), *images) as saving:
                self._finish(saving, f"saving {len(images)} images", progress, "correct that and try again")
            if path.suffix == ".gz":
                progress.note("compressing")
                with tar.open("rb") as source, gzip.open(partial, "wb", compresslevel=1) as target:
                    shutil.copyfileobj(source, target, 2**20)
            else:
                tar.rename(partial)
            partial.rename(path)
        finally:
            tar.unlink(missing_ok=True)
            partial.unlink(missing_ok=True)
        return path.stat().st_size

    def load(self, path: Path, progress: Progress) -> list[str]:
        """What `save` wrote, into the engine; gives the images that are missing all the same."""
        if not path.is_file():
            raise UsageError(f"There is no file {path}; labctl images save FILE writes one.")
        with self.docker.start("load", "--input", str(path)) as loading:
            self._finish(loading, f"loading {path}", progress, "see whether labctl images save wrote it")
        return self.missing()

    def digests(self, progress: Progress) -> dict[str, str]:
        """Of each image that a registry offers, its digest, by the variable in .env that has its version."""
        found = {}
        for image, (name, variable) in self._pinned().items():
            self._pull(image, f"asking for {image}", progress)
            digests = json.loads(self.docker.ask("image", "inspect", "--format", "{{json .RepoDigests}}", image))
            ours = [one.partition("@")[2] for one in digests or [] if one.partition("@")[0].endswith(name)]
            if not ours:
                raise LabError(f"No registry knows {image}: it was made on this machine and has no digest to lock.")
            found[variable] = ours[0]
        return found

    def _pinned(self) -> dict[str, tuple[str, str]]:
        """Image with its version → its name and the variable of that version."""
        text = "\n".join((self._root / name).read_text() for name in ("docker-compose.yml", DOCKERFILE))
        found = {}
        for match in PINNED.finditer(text):
            wanted = [one for one in (*self.composition.images, self.composition.base) if _name(one) == match["image"]]
            found |= {one: (match["image"], match["variable"]) for one in wanted}
        return found

    def _has(self, image: str) -> bool:
        return self.docker.run("image", "inspect", "--format", "{{.Id}}", image).code == 0

    # ours

    def _build(self, image: str, service: str, progress: Progress, *, labelled: bool) -> None:
        digest = self.sources()
        if self._is_current(image, digest, labelled=labelled):
            return
        environment = {**self._environment, SOURCES: digest}
        with self.docker.start(*self._compose("build", service), environment=environment) as building:
            remedy = "correct that, or take the local runtime with labctl up --runtime local"
            try:
                self._finish(building, "building the image of the services", progress, remedy)
            except LabError as error:
                if labelled or not self._has(image):
                    raise
                progress.note(f"{str(error).rpartition('; ')[0]}; going on with the image as it was built before")

    def outdated(self) -> list[str]:
        """Those of ours that are there and not made of the present sources."""
        digest = self.sources()
        return [one for one in self.composition.built if self._has(one) and not self._is_current(one, digest)]

    def _is_current(self, image: str, digest: str, *, labelled: bool = False) -> bool:
        """Is it made of these sources? Every build gives another image, and with it other containers: Compose writes
        the project's name into it. So what plain `docker compose` has made since the last change is left as it is."""
        found = self.docker.run("image", "inspect", "--format", INSPECTED, image)
        if found.code:
            return False
        created, _, label = found.out.strip().partition(" ")
        if label or labelled:
            return label == digest
        if not created:
            return False
        changed = max(path.stat().st_mtime for path in self._files())
        return datetime.fromisoformat(f"{created[:19]}+00:00").timestamp() > changed

    def sources(self) -> str:
        """A digest of all that goes into our image."""
        total = hashlib.sha256(self.composition.base.encode())
        for path in self._files():
            total.update(f"{path.relative_to(self._root)}\0{path.stat().st_size}\0".encode())
            total.update(path.read_bytes())
        return total.hexdigest()[:16]

    def _files(self) -> Iterator[Path]:
        """What .dockerignore lets through, and the Dockerfile."""
        yield self._root / DOCKERFILE
        lines = (self._root / ".dockerignore").read_text().splitlines()
        for top in sorted(self._root / line[1:].strip() for line in lines if line.startswith("!")):
            for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
                inside = path.relative_to(self._root).parts
                if path.is_file() and "__pycache__" not in inside and not any(map(LEFTOVER.search, inside)):
                    yield path

    # the others

    def _pull(self, image: str, what: str, progress: Progress) -> None:
        remedy = "go online, or bring it with labctl images load FILE"
        with self.docker.start("pull", image) as pull:
            wait_for(lambda: _answered(pull), REGISTRY_S)
            if not _answered(pull):
                raise LabError(f"{image} cannot be pulled (no registry answers); {remedy}.")
            self._finish(pull, what, progress, remedy)

    def _finish(self, running: Running, what: str, progress: Progress, remedy: str) -> None:
        """Wait for its end, and say every SAYING_S how far it is."""
        progress.note(what)
        began = said = time.monotonic()
        while running.code is None:
            self._sleep(0.1)
            if time.monotonic() - said > SAYING_S:
                said = time.monotonic()
                last = (running.output() or [""])[-1][:90]
                progress.note(f"still {what} ({said - began:.0f} s): {last}")
        if running.code:
            raise LabError(f"{what[0].upper()}{what[1:]} failed ({reason(running.output())}); {remedy}.")


def _answered(pull: Running) -> bool:
    return pull.code is not None or bool(pull.output())


def _refused(pull: Running) -> str | None:
    """Why the registry has not begun to give it, in the pull's own words: a limit, a proxy's and a misspelt name want
    different things done."""
    said = pull.output()
    if pull.code:
        return reason(said)
    return None if said or pull.code == 0 else "no registry answers"


def _name(image: str) -> str:
    return image.partition("@")[0].rpartition(":")[0]


def pin(table: str, digests: Mapping[str, str]) -> str:
    """.env with these digests after their versions, `18.6@sha256:…`; a variable that is not named stays as it is."""
    return "\n".join(_pin(line, digests) for line in table.split("\n"))


def _pin(line: str, digests: Mapping[str, str]) -> str:
    variable, equals, value = line.partition("=")
    return f"{variable}={value.partition('@')[0]}@{digests[variable]}" if equals and variable in digests else line


def unpin(table: str) -> str:
    """.env without digests."""
    return re.sub(r"(?m)^(\w+_VERSION=[^@\n]*)@.*$", r"\1", table)


def listed(images: Sequence[str]) -> str:
    """`a and 2 more`"""
    more = len(images) - 1
    return f"{images[0]} and {more} more" if more > 0 else images[0]
