"""One deploy, step by step, as whoever watches sees it."""

import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from lab.errors import LabError, UsageError
from lab.releases import EDITABLE, Releases
from warroom.deploy.bundle import unpack
from warroom.fleet import Fleet
from warroom.releasing import Interrupted
from warroom.trees import differ

STEADY_S = 3.0  # how long it must stay healthy


Recorded = Callable[[str, list[str], bool], None]


class Refused(UsageError):
    """The release is not let through; the sentence says why."""


class Gatekeeper(Protocol):
    """Looks at an unpacked bundle before it is released: lint, guardrails, tests. Raises Refused."""

    name: str

    def __call__(self, bundle: Path, running: Path) -> str:
        """Half a sentence on what was looked at; `running` is the release that runs now."""


@dataclass
class Step:
    name: str
    state: Literal["running", "passed", "failed"] = "running"
    detail: str = ""


@dataclass
class Deployment:
    """`state` is running until it is one of the others."""

    state: Literal["running", "deployed", "refused", "rolled-back", "failed"] = "running"
    release: str | None = None
    services: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    why: str = ""

    def shown(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "release": self.release,
            "services": self.services,
            "steps": [vars(step) for step in list(self.steps)],
            "why": self.why,
        }


class Deployer:
    """One deploy at a time."""

    def __init__(
        self,
        fleet: Fleet,
        gatekeepers: Sequence[Gatekeeper],
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._fleet = fleet
        self._releases: Releases = fleet.releases
        self._gatekeepers = gatekeepers
        self._sleep = sleep
        self._one = threading.Lock()

    def run(
        self, packed: bytes, deployment: Deployment, recorded: Recorded, require: Callable[[], None] = lambda: None
    ) -> None:
        """Ends with the deployment's state; raises UsageError while another runs, and what `require` raises, which is
        asked before anything that changes what runs. `recorded` is told of a release that was made, whose services it
        changed, and whether it became healthy."""
        if not self._one.acquire(blocking=False):
            raise UsageError("A deploy is under way; follow it with labctl drill deploy --status.")
        try:
            self._deploy(packed, deployment, recorded, require)
        except UsageError as error:
            self._end(deployment, "refused", str(error))
        except LabError as error:
            self._end(deployment, "failed", str(error))
        except Interrupted:
            self._end(deployment, "failed", "The war room is ending; what ran before runs again when it is back.")
        finally:
            self._one.release()

    def _deploy(self, packed: bytes, deployment: Deployment, recorded: Recorded, require: Callable[[], None]) -> None:
        before = self._releases.wanted().release
        with tempfile.TemporaryDirectory(prefix="bundle-") as folder:
            bundle = Path(folder)
            with _step(deployment, "unpack") as step:
                unpack(packed, bundle)
                step.detail = _compiled(bundle)
            for gatekeeper in self._gatekeepers:
                with _step(deployment, gatekeeper.name) as step:
                    step.detail = gatekeeper(bundle, self._releases.path(before))
            with _step(deployment, "release") as step:
                running = self._releases.path(before)
                deployment.services = [name for name in EDITABLE if differ(running / name, bundle / name)]
                if not deployment.services:
                    raise Refused(f"Nothing in it differs from {before}, which runs; change the code first.")
                name = self._releases.add(bundle)
                step.detail = f"{name}: {', '.join(deployment.services)}"
        deployment.release = name
        try:
            require()
            with _step(deployment, "restart") as step:
                self._fleet.run(name, deployment.services)
                step.detail = "healthy"
            with _step(deployment, "stay healthy"):
                self._sleep(STEADY_S)
                self._fleet.until_healthy(deployment.services)
        except LabError as error:
            require()
            self._take_back(before, deployment, recorded, str(error))
            return
        recorded(name, deployment.services, True)
        deployment.state = "deployed"

    def _take_back(self, before: str, deployment: Deployment, recorded: Recorded, why: str) -> None:
        with _step(deployment, f"back to {before}"):
            self._fleet.run(before, deployment.services)
        recorded(deployment.release or "", deployment.services, False)
        deployment.state, deployment.why = "rolled-back", why

    @staticmethod
    def _end(deployment: Deployment, state: Literal["refused", "failed"], why: str) -> None:
        deployment.state, deployment.why = state, why


class _step:
    """A step of the deployment while the block runs; failed if it raises."""

    def __init__(self, deployment: Deployment, name: str) -> None:
        self._step = Step(name)
        deployment.steps.append(self._step)

    def __enter__(self) -> Step:
        return self._step

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, *_: object) -> None:
        self._step.state = "failed" if kind else "passed"
        if error is not None:
            self._step.detail = str(error)


def _compiled(bundle: Path) -> str:
    """What Python cannot read is not worth a restart."""
    files = [path for name in EDITABLE for path in sorted((bundle / name).rglob("*.py"))]
    for path in files:
        try:
            compile(path.read_bytes(), str(path.relative_to(bundle)), "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            raise Refused(f"{path.relative_to(bundle)} cannot be read by Python ({error}); correct it.") from error
    return f"{len(files)} files"
