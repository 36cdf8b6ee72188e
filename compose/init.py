"""Fills the lab's volumes before anything else starts: `python compose/init.py`, as the one-shot service `init`.

Keys are generated once. Each audience has a volume of its own, and mounts no other: a service's code, which trainees
change, sees the database password of services and nothing else. The release that was built into the image is wanted
from then on, unless a deployed one is, and what was stopped is to start again. It runs at every `docker compose up`,
and a second run changes nothing.
"""

import os
import secrets
from pathlib import Path

import yaml

from lab import onward, releases
from lab.releases import Releases

VOLUMES = Path("/volumes")
SERVICES = Path("/app/services")
ALERTING = Path("/app/alerts/alertmanager.yml")
AUDIENCES = {
    "keys-warroom": ("team", "instructor", "webhook"),
    "keys-alertmanager": ("webhook",),
    "keys-telemetry": ("telemetry",),
    "keys-postgres": ("superuser", "lab", "processor", "reader", "warden"),
    "keys-grafana": ("admin", "reader"),
}
# As whom the readers of a volume may reach the database.
ROLES = {"keys-services": ("lab",), "keys-processor": ("processor",), "keys-warroom": ("warden", "reader")}
# The volume that holds a key's original; the others get copies.
HOME = {key: volume for volume, keys in reversed(AUDIENCES.items()) for key in keys}


def write(path: Path, text: str, mode: int = 0o444) -> None:
    """The whole file or none of it."""
    partial = path.with_name(f".{path.name}")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
    partial.replace(path)


def key(name: str, volumes: Path) -> str:
    """The key of that name, generated the first time it is asked for."""
    path = volumes / HOME[name] / name
    if not path.exists():
        write(path, secrets.token_hex(24))
    return path.read_text()


def write_keys(volumes: Path) -> None:
    for volume, names in AUDIENCES.items():
        for name in names:
            text, path = key(name, volumes), volumes / volume / name
            if not path.exists():
                write(path, text)
    for volume, roles in ROLES.items():
        lines = "".join(f"postgres:5432:*:{role}:{key(role, volumes)}\n" for role in roles)
        # libpq takes the file only if nobody but its owner can read it.
        write(volumes / volume / "pgpass", lines, 0o600)


def write_alerting(volumes: Path, config: Path) -> None:
    """Alertmanager's configuration lies beside its key: who else is paged is as secret."""
    text = yaml.safe_dump(onward.extended(yaml.safe_load(config.read_text()), os.environ), sort_keys=False)
    write(volumes / "keys-alertmanager" / "alertmanager.yml", text)


def main(volumes: Path = VOLUMES, services: Path = SERVICES, alerting: Path = ALERTING) -> None:
    write_keys(volumes)
    write_alerting(volumes, alerting)
    kept = Releases(volumes / "releases")
    kept.lay_out(services)
    kept.want(start=releases.SERVICES)
    print("Keys and the baseline release are in their volumes. In half a minute:", flush=True)
    with_grafana = not {"grafana", "*"}.isdisjoint(os.environ.get("PROFILES", "").split(","))
    for title in ("Warroom", "Jaeger", *(["Grafana"] if with_grafana else [])):
        print(f"  {title:<8} http://127.0.0.1:{os.environ.get(f'{title.upper()}_PORT', '')}", flush=True)
    print("docker compose down ends the lab, and with --volumes forgets it.", flush=True)


if __name__ == "__main__":
    main()
