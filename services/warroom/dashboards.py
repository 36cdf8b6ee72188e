"""Where the dashboards are. Pages link to `/d/<uid>` here, whether there is a Grafana or not, wherever it listens."""

from urllib.parse import quote


def address(grafana: str, uid: str, query: str) -> str:
    """The dashboard in Grafana, with the query string as it came; without Grafana in the war room's own page. `grafana`
    is the address that a browser has of it, or empty."""
    home = f"{grafana.rstrip('/')}/d" if grafana else "/boards"
    return f"{home}/{quote(uid, safe='')}{'?' if query else ''}{query}"
