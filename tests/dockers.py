"""A docker command that replays what a test declares, and remembers what it was asked."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Self

from lab.runtime.docker import Docker, Done, Unavailable
from lab.runtime.state import ROOT

BOUND = {"warroom": (8400, 8400), "billing": (8401, 8401), "jaeger": (16686, 8494), "postgres": (5432, 8492)}
AFTER_INIT = {"init": {"condition": "service_completed_successfully"}}
CONFIG = {
    "services": {
        "init": {"image": "3am-lab/services:0.1.0", "build": {"context": ".", "args": {"LAB_BASE_VERSION": "3.13"}}},
        "warroom": {"image": "3am-lab/services:0.1.0", "depends_on": AFTER_INIT},
        "billing": {"image": "3am-lab/services:0.1.0", "depends_on": {"postgres": {"condition": "service_healthy"}}},
        "postgres": {"image": "postgres:18.6"},
        "jaeger": {"image": "jaegertracing/jaeger:2.20.0"},
        "grafana": {"image": "grafana/grafana:13.2.0", "profiles": ["grafana"]},
    }
}  # fmt: skip
for service, (inside, outside) in BOUND.items():
    CONFIG["services"][service]["ports"] = [{"target": inside, "published": str(outside), "host_ip": "127.0.0.1"}]
# what Compose makes of it without a profile
ACTIVE = {"services": {name: one for name, one in CONFIG["services"].items() if "profiles" not in one}}
SERVICES = ("postgres", "warroom", "billing", "jaeger")


def inspected(service: str, status: str = "running", health: str | None = "healthy", **changes: Any) -> dict[str, Any]:
    """What `docker inspect` says of one container, as far as the lab reads it."""
    inside, outside = BOUND.get(service, (0, 0))
    pid = changes.pop("pid", 1000 + len(service) if status in ("running", "paused") else 0)
    return {
        "Id": f"id-{service}",
        "Name": f"/3am-lab-{service}-1",
        "RestartCount": changes.pop("restarts", 0),
        "State": {
            "Status": status,
            "Pid": pid,
            "ExitCode": changes.pop("exit_code", 0),
            "StartedAt": changes.pop("started_at", "2026-11-23T03:00:00.123456789Z"),
            **({"Health": {"Status": health}} if health else {}),
        },
        "Config": {
            "Labels": {
                "com.docker.compose.service": service,
                "com.docker.compose.project.working_dir": str(changes.pop("folder", ROOT)),
                **changes,
            }
        },
        "HostConfig": {
            "PortBindings": {f"{inside}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(outside)}]} if inside else {}
        },
    }


INIT = inspected("init", "exited", None)
HEALTHY = [INIT, *map(inspected, SERVICES)]


class FakeRunning:
    def __init__(self, code: int | None, output: list[str]):
        self.code = code
        self._output = output

    def output(self) -> list[str]:
        return self._output

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


class FakeDocker(Docker):
    """`polls` are the containers that each `docker ps` in turn finds, the last one for ever; `replies` is what a call
    that begins so is answered: what it prints, or its exit code and what it complains of. `profiles` says whether they
    are on, `away` that no engine answers."""

    def __init__(
        self,
        *polls: list[dict[str, Any]],
        replies: Mapping[str, str | tuple[int, str]] = {},
        profiles: bool = False,
        away: bool = False,
    ):
        super().__init__()
        self.polls = list(polls) or [[]]
        self.profiles = profiles
        self.away = away
        self.replies = {
            "version": "28.2.2",
            "compose version": "2.26.1",
            "image inspect": "",
            **replies,
        }
        self.calls: list[str] = []
        self.environments: dict[str, dict[str, str]] = {}

    def run(self, *arguments: str, environment: Mapping[str, str] | None = None, timeout_s: float = 0) -> Done:
        call = self._asked(arguments, environment)
        if call.startswith("ps --all") and not self.away:
            self.found = self.polls[0] if len(self.polls) == 1 else self.polls.pop(0)
            return Done(0, "\n".join(one["Id"] for one in self.found), "")
        if call.startswith("inspect"):
            return Done(0, json.dumps([one for one in self.found if one["Id"] in arguments]), "")
        if call.startswith("compose config") and "compose config" not in self.replies:
            return Done(0, json.dumps(CONFIG if call.endswith("--all") or self.profiles else ACTIVE), "")
        return self._reply(call)

    def start(self, *arguments: str, environment: Mapping[str, str] | None = None) -> FakeRunning:
        done = self._reply(self._asked(arguments, environment))
        return FakeRunning(done.code, (done.out or done.err).splitlines())

    def lines(self, *arguments: str) -> Iterator[str]:
        return iter(self._reply(self._asked(arguments, None)).out.splitlines())

    def asked(self, beginning: str) -> list[str]:
        return [call for call in self.calls if call.startswith(beginning)]

    def _asked(self, arguments: tuple[str, ...], environment: Mapping[str, str] | None) -> str:
        """The call without what every call of Compose begins with."""
        words = list(arguments)
        if words[0] == "compose" and "--project-name" in words:
            assert words.pop(1) == "--project-name" and words.pop(1).startswith("3am-lab")
            if words[1] == "--profile":
                del words[1:3]
                if words[1] == "config":
                    words.append("--all")
        call = " ".join(words)
        self.calls.append(call)
        self.environments[" ".join(words[:2])] = dict(environment or {})
        return call

    def _reply(self, call: str) -> Done:
        if self.away:
            raise Unavailable("no Docker engine answers", "start it")
        for beginning, reply in sorted(self.replies.items(), key=lambda item: -len(item[0])):
            if call.startswith(beginning):
                return Done(0, reply, "") if isinstance(reply, str) else Done(reply[0], "", reply[1])
        return Done(0, "", "")
