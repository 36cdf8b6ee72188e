"""What the configured intervals allow at best, read from the files that the lab runs with."""

import re
from dataclasses import dataclass

import yaml
from support.driving import ROOT

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(duration: str | int | None) -> float:
    """Prometheus's durations: `1m30s` → 90.0. Nothing is 0."""
    return sum(float(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)(ms|s|m|h)", str(duration or "")))


@dataclass(frozen=True)
class Floor:
    """Seconds. scrape, evaluation: until Prometheus has seen a symptom; hold, group_wait: from then to the page."""

    scrape: float
    evaluation: float
    hold: float
    group_wait: float

    @property
    def after_symptom(self) -> float:
        """From the evaluation that finds the symptom over its threshold to the page."""
        return self.hold + self.group_wait

    @property
    def whole(self) -> float:
        return self.scrape + self.evaluation + self.after_symptom


def floor(alertname: str) -> Floor:
    """Raises LookupError for an alert that no rule defines."""
    prometheus = yaml.safe_load((ROOT / "compose" / "prometheus.yml").read_text())["global"]
    route = yaml.safe_load((ROOT / "alerts" / "alertmanager.yml").read_text())["route"]
    for path in sorted((ROOT / "alerts" / "rules").glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                if rule.get("alert") == alertname:
                    evaluation = group.get("interval") or prometheus["evaluation_interval"]
                    return Floor(
                        seconds(prometheus["scrape_interval"]),
                        seconds(evaluation),
                        seconds(rule.get("for")),
                        seconds(route["group_wait"]),
                    )
    raise LookupError(f"no rule defines {alertname}")
