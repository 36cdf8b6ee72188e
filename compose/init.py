"""Fills the lab's volumes before anything else starts: `python compose/init.py`, as the one-shot service `init`.

Keys are generated once. Each audience has a volume of its own, and mounts no other: a service's code, which trainees
change, sees the database password of services and nothing else. The release that was built into the image becomes the
current one, unless a deployed one is. It runs at every `docker compose up`, and a second run changes nothing.
"""

import hashlib
import os
import secrets
import shutil
from pathlib import Path

VOLUMES = Path("/volumes")
SERVICES = Path("/app/services")
# What trainees may change; the rest runs as it is in the image.
EDITABLE = ("billing", "checkout", "inventory", "promotions", "orders")
BASELINE = "baseline-"
AUDIENCES = {
    "keys-warroom": ("team", "instructor", "webhook"),
    "keys-alertmanager": ("webhook",),
    "keys-postgres": ("superuser", "lab", "reader"),
    "keys-grafana": ("admin", "reader"),
}
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
    # libpq takes the file only if nobody but its owner can read it.
    write(volumes / "keys-services" / "pgpass", f"postgres:5432:*:lab:{key('lab', volumes)}\n", 0o600)


def digest(folder: Path) -> str:
    """Of all names and contents below the folder, bytecode left out."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            total.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
            total.update(path.read_bytes())
    return total.hexdigest()[:12]


def release_baseline(releases: Path, services: Path) -> None:
    """`baseline-<digest>` holds the image's services; `current` points there, or at what was deployed."""
    baseline = releases / f"{BASELINE}{digest(services)}"
    if not baseline.exists():
        partial = releases / f".{baseline.name}"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        for name in EDITABLE:
            shutil.copytree(services / name, partial / name)
        partial.rename(baseline)
    current = releases / "current"
    if not current.exists() or current.readlink().name.startswith(BASELINE):
        link = releases / ".current"
        link.unlink(missing_ok=True)
        link.symlink_to(baseline.name)
        link.replace(current)


def main(volumes: Path = VOLUMES, services: Path = SERVICES) -> None:
    write_keys(volumes)
    release_baseline(volumes / "releases", services)
    print("Keys and the baseline release are in their volumes. In half a minute:", flush=True)
    with_grafana = "grafana" in os.environ.get("PROFILES", "").split(",")
    for title in ("Warroom", "Jaeger", *(["Grafana"] if with_grafana else [])):
        print(f"  {title:<8} http://127.0.0.1:{os.environ.get(f'{title.upper()}_PORT', '')}", flush=True)
    print("docker compose down ends the lab, and with --volumes forgets it.", flush=True)


if __name__ == "__main__":
    main()
