"""The dashboards, as programs that print Grafana's JSON: `python -m dashboards` writes what is committed in json/."""
