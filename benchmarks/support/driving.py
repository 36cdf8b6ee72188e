"""What the benchmarks share: the lab driven through labctl and its public HTTP interfaces, and the report's shape.

Each benchmark is a program (`python benchmarks/NAME.py [--name LAB]`) that prints `{machine, figures}` as JSON on
stdout and progress on stderr. A figure is `{name, value, unit, floor, passed}`. `floor` is what the value is to be read
beside: a bound that it must keep, or what the configured intervals allow at best; null where there is none. `passed`
says whether it keeps its bound, be that the least or the most it may be; null where it has none.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # a benchmark is run by its path, and some read the lab's own files
Value = TypeVar("Value")


def say(text: str) -> None:
    """Progress, for whoever watches."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def figure(
    name: str,
    value: float | None,
    unit: str,
    *,
    least: float | None = None,
    most: float | None = None,
    beside: float | None = None,
) -> dict[str, Any]:
    """`least` and `most` are bounds, both kept by the value itself; `beside` is a floor that judges nothing.
    A bounded value that could not be measured (None) has not passed."""
    bounds = [bound for bound in (least, most) if bound is not None]
    kept = value is not None and (least is None or value >= least) and (most is None or value <= most)
    return {
        "name": name,
        "value": None if value is None else round(value, 3),
        "unit": unit,
        "floor": bounds[0] if bounds else beside,
        "passed": kept if bounds else None,
    }


def report(figures: list[dict[str, Any]]) -> None:
    memory = psutil.virtual_memory().total / 2**30
    machine = {
        "cpus": os.cpu_count(),
        "memory_gib": round(memory, 1),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "load_average": round(os.getloadavg()[0], 2),
    }
    print(json.dumps({"machine": machine, "figures": figures}, indent=2))


def arguments(doc: str | None, **options: Any) -> argparse.Namespace:
    """The command line: `--name`, and `options` as `flag=default` whose type is the default's."""
    parser = argparse.ArgumentParser(description=(doc or "").split("\n")[0])
    parser.add_argument("--name", default=os.environ.get("LAB_NAME", "main"), help="which lab (%(default)s)")
    for flag, default in options.items():
        kind = {"action": "store_true"} if isinstance(default, bool) else {"type": type(default), "default": default}
        parser.add_argument(f"--{flag.replace('_', '-')}", **kind)
    return parser.parse_args()


def wait_for(condition: Callable[[], Value], what: str, deadline: float, every: float = 0.25) -> Value:
    """The first true value of `condition`, polled until `deadline` seconds from now. Raises TimeoutError."""
    end = time.monotonic() + deadline
    while not (value := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {deadline:g} s")
        time.sleep(every)
    return value


class Lab:
    """A lab by name. `attach` starts it if it is not healthy. For use in a `with`, unless the process ends with it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.http = httpx.Client(timeout=15)

    def __enter__(self) -> "Lab":
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    @classmethod
    def attach(cls, name: str, runtime: str = "auto") -> "Lab":
        """`runtime` as `labctl up` takes it, which refuses a lab that is in another one."""
        lab = cls(name)
        found = lab.status()
        if not found["ready"] or runtime not in ("auto", found["runtime"]):
            say(f"starting lab {name}")
            lab.labctl("up", "--runtime", runtime)
        return lab

    def labctl(self, *words: str) -> str:
        """What `labctl WORDS --name NAME` prints. Raises RuntimeError with its sentence."""
        command = [sys.executable, "-m", "lab.cli", *words, "--name", self.name]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode not in (0, 3):
            raise RuntimeError(f"labctl {' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def status(self) -> dict[str, Any]:
        return json.loads(self.labctl("status", "--json"))

    def url(self, service: str) -> str:
        """Of a service, or of who keeps `traces` and `logs`."""
        urls = self.__dict__.setdefault("_urls", {})
        if service not in urls:
            urls.update({one["name"]: one["url"] for one in self.status()["services"]})
            urls.update(traces=urls["telemetry"], logs=urls["telemetry"])
        return urls[service]

    def get(self, service: str, path: str, /, **parameters: Any) -> Any:
        """JSON from a service; None while it does not answer or answers with an error."""
        try:
            response = self.http.get(f"{self.url(service)}{path}", params=parameters)
        except httpx.TransportError:
            return None
        return response.json() if response.is_success else None

    def load(self, profile: str, action: str) -> None:
        self.http.post(f"{self.url('load')}/profiles/{profile}/{action}").raise_for_status()

    def pages(self) -> list[dict[str, Any]]:
        return self.get("warroom", "/api/pages", limit=1_000) or []

    def query(self, promql: str) -> dict[tuple[tuple[str, str], ...], float]:
        """An instant query: value by label pairs."""
        answer = self.get("prometheus", "/api/v1/query", query=promql)
        found = answer["data"]["result"] if answer else []
        return {tuple(sorted(one["metric"].items())): float(one["value"][1]) for one in found}

    def value(self, promql: str) -> float | None:
        """The one value of an instant query; None if there is none."""
        return next(iter(self.query(promql).values()), None)

    def alerts(self) -> list[dict[str, Any]]:
        """What Prometheus has pending or firing now."""
        answer = self.get("prometheus", "/api/v1/alerts")
        return answer["data"]["alerts"] if answer else []

    def quiet(self) -> bool:
        """No alert pending or firing, and no page open."""
        return not self.alerts() and all(page["status"] == "resolved" for page in self.pages())

    def difference_cents(self) -> int | None:
        answer = self.get("processor", "/reconciliation", limit=1)
        return None if answer is None else answer["difference_cents"]
