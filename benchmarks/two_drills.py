"""Two drills in a row, by commands alone: the first is fixed with a migration, levelled and verified; does the second
start from the baseline, and is the first one's work kept?

The fix is one of the bank's that has a migration. The instructor accepts the cause by hand: evidence is another
benchmark's concern (forgery.py).
"""

import json
import subprocess
from typing import Any

import psycopg
from psycopg.rows import tuple_row
from support import books
from support.driving import Lab, arguments, figure, report, say, wait_for

from lab import bank
from lab.cli.options import endpoint
from lab.runtime.state import State

SCENARIO, FIX = "month-end-import", "request-hash"
NEXT = "batch-export"
PREPARED_S = 300.0
PAGED_S = 120.0
SCHEMA = """
    SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns
    WHERE table_schema IN ('billing', 'checkout', 'inventory', 'orders', 'processor') ORDER BY 1, 2, 3
"""
INSTRUCTOR = ("--as", "instructor")


class Drill:
    """The latest drill of a lab."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.workspace = State(lab.name).workspace

    def do(self, *words: str) -> str:
        say(f"labctl drill {' '.join(words)}")
        return self.lab.labctl("drill", *words)

    def status(self) -> dict[str, Any]:
        return json.loads(self.lab.labctl("drill", "status", "--json"))

    def start(self, scenario: str, *more: str) -> str:
        """Until it is armed; gives its id."""
        self.do("start", scenario, "--now", "--seed", "7", "--profile", "180", *more, *INSTRUCTOR)
        return wait_for(lambda: (s := self.status())["preparing"] == "" and s["id"], "it is armed", PREPARED_S)

    def rows(self, query: str) -> list[tuple]:
        with psycopg.connect(endpoint(self.lab.name, "postgres"), row_factory=tuple_row) as connection:
            return connection.execute(query).fetchall()

    def runs(self) -> str:
        return next(one["release"] for one in json.loads(self.do("releases", "--json")) if one["current"])

    def git(self, *words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=self.workspace, capture_output=True, text=True, check=True
        ).stdout.strip()


def measure(lab: Lab) -> list[dict[str, Any]]:
    drill = Drill(lab)
    first = drill.start(SCENARIO)
    baseline = drill.rows(SCHEMA)
    wait_for(lambda: drill.status()["phase"] == "alerting", "the page", PAGED_S)
    drill.do("assess", "critical", "customers who are charged wrongly")
    drill.do("override", "--why", "two drills in a row", *INSTRUCTOR)
    fix = bank.load(SCENARIO).fixes[FIX]
    for name, path in fix.patch.files().items():
        (drill.workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (drill.workspace / name).write_bytes(path.read_bytes())
    drill.do("deploy")
    ran, migrated = drill.runs(), drill.rows(SCHEMA)
    drill.do("act", "stop-job", SCENARIO, "--why", "so that nothing new is in flight")
    entries = books.level(lab)
    verified = json.loads(drill.do("verify", "--json"))["verdict"]
    if drill.status()["phase"] == "ai-fix":
        drill.do("advance", *INSTRUCTOR)
    drill.do("close")

    second = drill.start(NEXT)
    kept = drill.git("show", f"drill/{first}:billing/charges.py")
    now = (drill.workspace / "billing" / "charges.py").read_text().strip()
    fixed = fix.patch.files()["billing/charges.py"].read_text().strip()
    figures = [
        figure("first: a release of the team's ran", ran != "baseline", "", least=1),
        figure("first: migrated", migrated != baseline, "", least=1),
        figure("first: entries that level the books", entries, "", least=1),
        figure("first: verified", verified == "verified", verified, least=1),
        figure("second: another drill", second != first, "", least=1),
        figure("second: the baseline runs", drill.runs() == "baseline", "", least=1),
        figure("second: the database is the baseline's", drill.rows(SCHEMA) == baseline, "", least=1),
        figure(
            "second: adjustments in the books", drill.rows("SELECT count(*) FROM billing.adjustments")[0][0], "", most=0
        ),
        figure("second: difference of the books", lab.difference_cents(), "cents", most=0),
        figure("second: the workspace is the baseline's", now != fixed, "", least=1),
        figure("first one's work is kept on its branch", kept == fixed, "", least=1),
    ]
    drill.do("abort", "--why", "seen", *INSTRUCTOR)
    return figures


def main() -> None:
    with Lab.attach(arguments(__doc__).name) as lab:
        report(measure(lab))


if __name__ == "__main__":
    main()
