"""The docker command line, thinly: every call has a time limit, and every failure is a sentence."""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

from lab.errors import LabError
from lab.runtime.state import ROOT

LIMIT_S = 60.0
# an engine that is there answers in well under a second
ANSWER_S = 5.0
AWAY = ("cannot connect to the docker daemon", "error during connect", "is the docker daemon running")
CLOSED = "permission denied while trying to connect"
# with an older one docker-compose.yml cannot be read
OLDEST_COMPOSE = (2, 20)
FILES = ("docker-compose.yml", "docker-compose.override.yml")
# they would lead Compose to another file or project than the repository's
MISLEADING = ("COMPOSE_FILE", "COMPOSE_ENV_FILES", "COMPOSE_DISABLE_ENV_FILE", "COMPOSE_PROJECT_NAME")


class Unavailable(LabError):
    """There is no engine to work with. `reason` is a clause for whoever falls back on something else."""

    def __init__(self, reason: str, remedy: str):
        super().__init__(f"{reason[0].upper()}{reason[1:]}; {remedy}.")
        self.reason = reason


class Done(NamedTuple):
    code: int
    out: str
    err: str


class Running:
    """A docker command under way in the background; a context manager that ends it on leaving."""

    def __init__(self, command: list[str], folder: Path, environment: Mapping[str, str]):
        self._file = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._file,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for labctl, which ends this in its own time
        )

    @property
    def code(self) -> int | None:
        """The exit code; None while it is at work."""
        return self._process.poll()

    def output(self) -> list[str]:
        """What it has written so far, both streams, without empty lines."""
        text = os.pread(self._file.fileno(), os.fstat(self._file.fileno()).st_size, 0).decode(errors="replace")
        return [line.strip() for line in text.splitlines() if line.strip()]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.code is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
            if self.code is None:
                self._process.kill()
                self._process.wait()
        self._file.close()


class Docker:
    """`environment` is added to labctl's own for the calls that are given one."""

    def __init__(self, folder: Path = ROOT):
        self.folder = folder

    def run(self, *arguments: str, environment: Mapping[str, str] | None = None, timeout_s: float = LIMIT_S) -> Done:
        """Run to its end. Raises Unavailable where nobody answers."""
        command = self._command(arguments)
        try:
            done = subprocess.run(
                command,
                cwd=self.folder,
                env=_environment(environment),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout_s,
            )
        except subprocess.TimeoutExpired:
            raise Unavailable(
                f"docker {arguments[0]} gave no answer in {timeout_s:g} s", "see whether the engine is well"
            ) from None
        said = done.stderr.lower()
        if done.returncode and CLOSED in said:
            raise Unavailable("this user may not speak to the Docker engine", "add yourself to the group docker")
        if done.returncode and any(words in said for words in AWAY):
            raise Unavailable("no Docker engine answers", "start it, for instance with: sudo systemctl start docker")
        return Done(done.returncode, done.stdout, done.stderr)

    def ask(self, *arguments: str, environment: Mapping[str, str] | None = None, timeout_s: float = LIMIT_S) -> str:
        """What it prints. Raises LabError with its own words where it fails."""
        done = self.run(*arguments, environment=environment, timeout_s=timeout_s)
        if done.code:
            raise LabError(f"docker {_verb(arguments)} failed: {reason(done.err.splitlines())}.")
        return done.out

    def start(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Running:
        """Run in the background."""
        return Running(self._command(arguments), self.folder, _environment(environment))

    def lines(self, *arguments: str) -> Iterator[str]:
        """What it writes to both streams, line by line, until it ends."""
        command = self._command(arguments)
        with subprocess.Popen(
            command,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as process:
            try:
                for line in process.stdout or ():
                    yield line.rstrip("\n")
            finally:
                process.terminate()

    def engine(self) -> str:
        """The engine's version. Raises Unavailable."""
        done = self.run("version", "--format", "{{.Server.Version}}", timeout_s=ANSWER_S)
        if done.code:
            raise Unavailable(f"the Docker engine refuses ({reason(done.err.splitlines())})", "see docker info")
        return done.out.strip()

    def compose(self) -> str:
        """The version of its Compose plugin. Raises Unavailable."""
        done = self.run("compose", "version", "--short", timeout_s=ANSWER_S)
        if done.code or not done.out.strip().removeprefix("v")[:1].isdigit():
            raise Unavailable("Docker has no Compose", "install its plugin, such as the package docker-compose-v2")
        version = done.out.strip().removeprefix("v")
        if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < OLDEST_COMPOSE:
            oldest = ".".join(map(str, OLDEST_COMPOSE))
            raise Unavailable(f"Docker's Compose is {version}", f"install {oldest} or newer")
        return version

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        program = shutil.which("docker")
        if program is None:
            raise Unavailable("docker is not on PATH", "install Docker, or use labctl up --runtime local")
        if arguments[:2] == ("compose", "--project-name"):
            files = [self.folder / name for name in FILES[:1]]
            files += [path for name in FILES[1:] if (path := self.folder / name).is_file()]
            where = [word for path in files for word in ("--file", str(path))]
            return [program, "compose", "--project-directory", str(self.folder), *where, *arguments[1:]]
        return [program, *arguments]


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    return own | dict(more or {})


def reason(lines: list[str]) -> str:
    """The gist of what docker wrote: its last line, without what goes before the cause."""
    last = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
    for opening in ("Error response from daemon: ", "Error: ", "error: ", "failed to solve: "):
        last = last.rpartition(opening)[2]
    return last.rstrip(".")


def _verb(arguments: Sequence[str]) -> str:
    """`pull`, or `compose config`: what is asked for, without the options before it."""
    words = list(arguments[1:]) if arguments[0] == "compose" else []
    while words and words[0].startswith("--"):
        del words[:2]
    return " ".join([arguments[0], *words[:1]])
