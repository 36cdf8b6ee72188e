"""Prometheus's and Alertmanager's files for this lab's ports, laid out as compose/prometheus.yml asks for."""

import json
import shutil
from pathlib import Path

import yaml

from lab import onward
from lab.errors import LabError
from lab.runtime import outside
from lab.runtime.ports import HOST, WITH_OPS, Ports
from lab.runtime.state import ROOT, State, write_private


def render(state: State, ports: Ports, root: Path = ROOT) -> None:
    """Write `config/prometheus/` and `config/alertmanager/` anew."""
    _prometheus(state.config / "prometheus", ports, root)
    _alertmanager(state, ports, root)


def _prometheus(folder: Path, ports: Ports, root: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("rules", "targets", "alertmanagers"):
        (folder / part).mkdir(parents=True)
    shutil.copy(root / "compose" / "prometheus.yml", folder)
    rules = sorted((root / "alerts" / "rules").glob("*.yml"))
    if not rules:
        raise LabError(f"There are no rules in {root / 'alerts' / 'rules'}; restore them with git checkout alerts.")
    for path in rules:
        shutil.copy(path, folder / "rules")
    for name in WITH_OPS:
        _write(folder / "targets" / f"{name}.json", f"{HOST}:{ports.ops(name)}", service=name)
    # Itself too, for what its rules take.
    _write(folder / "targets" / "prometheus.json", f"{HOST}:{ports.main('prometheus')}", service="prometheus")
    _write(folder / "alertmanagers" / "lab.json", f"{HOST}:{ports.main('alertmanager')}")


def _write(path: Path, target: str, **labels: str) -> None:
    path.write_text(json.dumps([{"targets": [target], "labels": labels}]))


def _alertmanager(state: State, ports: Ports, root: Path) -> None:
    folder = state.config / "alertmanager"
    folder.mkdir(exist_ok=True)
    config = yaml.safe_load((root / "alerts" / "alertmanager.yml").read_text())
    for receiver in config["receivers"]:
        for webhook in receiver.get("webhook_configs", []):
            if webhook["url"].startswith("http://warroom:"):
                webhook["url"] = f"{ports.url('warroom')}/webhooks/alertmanager"
                webhook["http_config"]["authorization"]["credentials_file"] = str(state.tokens / "webhook")
    state.token("webhook")
    config = onward.extended(config, outside.kept(state))
    write_private(folder / "alertmanager.yml", yaml.safe_dump(config, sort_keys=False))
