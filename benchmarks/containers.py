"""The lab as containers: their number, memory at healthy load, its limits, the image's size, and the time to start.

Needs a Docker engine and the images. The lab is one of its own (`bench-containers`) and is forgotten afterwards. Memory
is what `docker stats` shows: what is in use, without the files that the kernel could drop. With COMPOSE_PROFILES= in
the environment Grafana and Loki are not started; the limits are those of everything that is defined.
"""

import json
import os
import subprocess
import time
from typing import Any

from support.driving import ROOT, Lab, arguments, figure, report, say

from lab.runtime.ports import Ports

NAME = "bench-containers"
WITHOUT = ("grafana", "loki")


def compose(*words: str, environment: dict[str, str] | None = None) -> str:
    """What `docker compose` prints. Raises RuntimeError with its last line."""
    command = ["docker", "compose", *words]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | (environment or {}), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {(done.stderr.strip() or 'it said nothing').splitlines()[-1]}")
    return done.stdout


def defined() -> dict[str, dict[str, Any]]:
    """The services of docker-compose.yml, those of profiles included."""
    return json.loads(compose("--profile", "*", "config", "--format", "json"))["services"]


def image_bytes(image: str) -> int:
    command = ["docker", "image", "inspect", "--format", "{{.Size}}", image]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def up_again(services: list[dict[str, Any]], *, purged: bool = False) -> float:
    """Seconds of plain `docker compose up --wait`, with the images there; containers are gone, `purged` data too."""
    base = next(int(one["url"].rpartition(":")[2]) for one in services if one["name"] == "warroom")
    ports = {f"LAB_{service.upper()}_PORT": str(port) for service, port in Ports(base).published().items()}
    environment = ports | {"LAB_PROJECT": f"3am-lab-{NAME}"}
    compose("down", *(["--volumes"] if purged else []), environment=environment)
    began = time.monotonic()
    compose("up", "--wait", environment=environment)
    return time.monotonic() - began


def main() -> None:
    options = arguments(__doc__, settle=60.0)
    lab = Lab(NAME)
    lab.labctl("down", "--purge")
    began = time.monotonic()
    try:
        lab.labctl("up", "--runtime", "compose")
        took = time.monotonic() - began
        say(f"up in {took:.1f} s; now {options.settle:g} s of healthy load")
        time.sleep(options.settle)
        running = lab.status()["services"]
        again = up_again(running)
        fresh = up_again(running, purged=True)
    finally:
        lab.labctl("down", "--purge")

    services = defined()
    # `init` has ended by the time the others run
    limits = {name: int(one["mem_limit"]) for name, one in services.items() if one.get("restart") != "no"}
    used = {one["name"]: one["memory_bytes"] or 0 for one in running}
    without = sum(bytes_ for name, bytes_ in used.items() if name not in WITHOUT)
    figures = [figure(f"memory of {name}", used[name] / 1e6, "MB", beside=limits[name] / 1e6) for name in used]
    figures += [
        figure("memory without Grafana and Loki", without / 1e6, "MB", most=1000.0),
        figure("memory of everything that ran", sum(used.values()) / 1e6, "MB"),
        figure("limits of everything defined", sum(limits.values()) / 2**20, "MiB", most=2048.0),
        figure("containers that run on, everything on", len(limits), "", most=17),
        figure("containers that ran on", len(used), ""),
        figure("image of the services", image_bytes(services["init"]["image"]) / 1e6, "MB", most=350.0),
        figure("labctl up with images and no data", took, "s", most=30.0),
        figure("docker compose up --wait with images and data", again, "s", most=30.0),
        figure("docker compose up --wait with images and no data", fresh, "s", most=30.0),
    ]
    report(figures)


if __name__ == "__main__":
    main()
