"""What docker-compose.yml says once a lab's environment is put in: services, ports, images."""

import json
from pathlib import Path
from typing import Any

from lab.runtime.programs import NAMES

COMPLETED = "service_completed_successfully"


class Composition:
    """Of `docker compose config --format json`."""

    def __init__(self, text: str):
        self._services: dict[str, dict[str, Any]] = json.loads(text)["services"]

    @property
    def names(self) -> list[str]:
        """The services that go on running, in the order in which `status` shows them."""
        known = [name for name in NAMES if name in self._services]
        return [*known, *sorted(set(self._services) - set(known) - self.once)]

    @property
    def once(self) -> set[str]:
        """Those that do their work and end."""
        conditions = (service.get("depends_on", {}).items() for service in self._services.values())
        return {name for each in conditions for name, it in each if it.get("condition") == COMPLETED}

    @property
    def optional(self) -> set[str]:
        """Those that a profile turns on."""
        return {name for name, service in self._services.items() if service.get("profiles")}

    @property
    def published(self) -> dict[int, str]:
        """Port on this machine → service."""
        return {
            int(port["published"]): name
            for name, service in self._services.items()
            for port in service.get("ports", [])
            if port.get("published")
        }

    @property
    def mounted(self) -> dict[str, list[Path]]:
        """Files and folders of this machine that a service has, by service."""
        return {
            name: [Path(volume["source"]) for volume in service.get("volumes", []) if volume["type"] == "bind"]
            for name, service in self._services.items()
        }

    @property
    def images(self) -> list[str]:
        """Those that come from a registry."""
        return sorted({service["image"] for service in self._services.values()} - set(self.built))

    @property
    def built(self) -> dict[str, str]:
        """Those that are made here, with the service that says how."""
        return {service["image"]: name for name, service in self._services.items() if service.get("build")}

    def made_of(self, image: str) -> set[str]:
        return {name for name, service in self._services.items() if service["image"] == image}

    @property
    def base(self) -> str:
        """The image that ours are built on."""
        builds = [service["build"] for service in self._services.values() if service.get("build")]
        return f"python:{builds[0]['args']['LAB_BASE_VERSION']}"
