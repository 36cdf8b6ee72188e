"""Pages on their way to a telephone or a chat besides the war room, by Alertmanager: only where an instructor says so.

`ONWARD_SLACK_URL` is an incoming webhook that takes what Slack's takes. `ONWARD_PAGERDUTY_URL` takes what PagerDuty's
Events API (version 2) takes, with the routing key `ONWARD_PAGERDUTY_KEY`.
"""

from collections.abc import Mapping
from typing import Any

from lab.errors import UsageError

SLACK, PAGERDUTY, PAGERDUTY_KEY = "ONWARD_SLACK_URL", "ONWARD_PAGERDUTY_URL", "ONWARD_PAGERDUTY_KEY"
NAMES = (SLACK, PAGERDUTY, PAGERDUTY_KEY)
RECEIVER = "warroom"  # of alerts/alertmanager.yml
ONWARD = "onward"
REPEAT = "1h"  # the war room is told of what fires on every few seconds, which people are to be spared
SUMMARIES = "{{ range .Alerts }}{{ .Annotations.summary }}: {{ .Annotations.description }}\n{{ end }}"


def extended(config: Mapping[str, Any], said: Mapping[str, str]) -> dict[str, Any]:
    """Alertmanager's configuration, with who else is to be told; as it is where nothing is said. Raises UsageError."""
    more = _receivers(said)
    if not more:
        return dict(config)
    routes = [{"receiver": RECEIVER, "continue": True}, {"receiver": ONWARD, "repeat_interval": REPEAT}]
    return {
        **config,
        "route": {**config["route"], "routes": routes},
        "receivers": [*config["receivers"], {"name": ONWARD, **more}],
    }


def _receivers(said: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for name in (SLACK, PAGERDUTY):
        if said.get(name) and not said[name].startswith(("http://", "https://")):
            raise UsageError(f"{name} is no http:// or https:// address; correct it.")
    if bool(said.get(PAGERDUTY)) != bool(said.get(PAGERDUTY_KEY)):
        raise UsageError(f"{PAGERDUTY} and {PAGERDUTY_KEY} belong together; set both or neither.")
    if said.get(SLACK):
        found["slack_configs"] = [
            {
                "api_url": said[SLACK],
                "send_resolved": True,
                "title": "{{ .Status | toUpper }} {{ .CommonLabels.alertname }} {{ .CommonLabels.service }}",
                "title_link": "{{ (index .Alerts 0).Annotations.runbook_url }}",
                "text": SUMMARIES,
            }
        ]
    if said.get(PAGERDUTY):
        found["pagerduty_configs"] = [
            {
                "url": said[PAGERDUTY],
                "routing_key": said[PAGERDUTY_KEY],
                "send_resolved": True,
                "severity": "{{ .CommonLabels.severity }}",
                "description": "{{ .CommonAnnotations.summary }}",
                "details": {"summary": SUMMARIES},
            }
        ]
    return found
