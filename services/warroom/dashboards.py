"""Where the dashboards are. Pages link to `/d/<uid>` here, whether there is a Grafana or not, wherever it listens."""

import html
import re
from pathlib import Path
from urllib.parse import quote

SHELL = (Path(__file__).parent / "dashboards.html").read_text()


class Dashboards:
    """`grafana` and `prometheus` are the addresses that a browser has of them, or empty where there is none."""

    def __init__(self, grafana: str, prometheus: str) -> None:
        self._grafana = grafana.rstrip("/")
        self._prometheus = prometheus

    def address(self, uid: str, query: str) -> str | None:
        """The dashboard in Grafana, with the query string as it came; None without Grafana."""
        if not self._grafana:
            return None
        return f"{self._grafana}/d/{quote(uid, safe='')}{'?' if query else ''}{query}"

    def html(self, uid: str) -> str:
        """The page that stands in for a dashboard where there is no Grafana."""
        link = f'<a href="{html.escape(self._prometheus)}">Prometheus</a>' if self._prometheus else "Prometheus"
        parts = {"uid": html.escape(uid), "prometheus": link}
        return re.sub(r"{{(\w+)}}", lambda name: parts[name[1]], SHELL)
