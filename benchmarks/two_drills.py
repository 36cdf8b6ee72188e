"""Two drills in a row, by commands alone: does the second start from the baseline, is the first one's work kept?

The first is fixed with a migration (one of the bank's fixes has one), levelled and verified twice. The instructor
accepts the cause by hand: evidence is another benchmark's concern (forgery.py).
"""

from typing import Any

import psycopg
from psycopg.rows import tuple_row
from support import books
from support.driving import Lab, arguments, figure, report, wait_for
from support.team import INSTRUCTOR, PAGED_S, Team

from lab import bank
from lab.cli.options import endpoint

SCENARIO, FIX = "month-end-import", "request-hash"
NEXT = "batch-export"
SCHEMA = """
    SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns
    WHERE table_schema IN ('billing', 'checkout', 'inventory', 'orders', 'processor') ORDER BY 1, 2, 3
"""


def rows(lab: Lab, query: str) -> list[tuple]:
    with psycopg.connect(endpoint(lab.name, "postgres"), row_factory=tuple_row) as connection:
        return connection.execute(query).fetchall()


def measure(lab: Lab) -> list[dict[str, Any]]:
    drill = Team(lab)
    first = drill.start(SCENARIO)
    baseline = rows(lab, SCHEMA)
    wait_for(lambda: drill.phase() == "alerting", "the page", PAGED_S)
    drill.do("assess", "critical", "customers who are charged wrongly")
    drill.do("override", "--why", "two drills in a row", *INSTRUCTOR)
    drill.edit(SCENARIO, FIX)
    drill.do("deploy")
    ran, migrated = drill.runs(), rows(lab, SCHEMA)
    drill.do("act", "stop-job", SCENARIO, "--why", "so that nothing new is in flight")
    entries = books.level(lab)
    verified, again = (drill.ask("verify")["verdict"] for _ in range(2))
    if drill.phase() == "ai-fix":
        drill.do("advance", *INSTRUCTOR)
    drill.do("close")

    second = drill.start(NEXT)
    kept = drill.git("show", f"drill/{first}:billing/charges.py")
    now = (drill.workspace / "billing" / "charges.py").read_text().strip()
    fixed = bank.load(SCENARIO).fix(FIX).patch.files()["billing/charges.py"].read_text().strip()
    figures = [
        figure("first: a release of the team's ran", ran != "baseline", "", least=1),
        figure("first: migrated", migrated != baseline, "", least=1),
        figure("first: entries that level the books", entries, "", least=1),
        figure("first: verified", verified == "verified", verified, least=1),
        figure("first: the same verdict on the same release", verified == again, again, least=1),
        figure("second: another drill", second != first, "", least=1),
        figure("second: the baseline runs", drill.runs() == "baseline", "", least=1),
        figure("second: the database is the baseline's", rows(lab, SCHEMA) == baseline, "", least=1),
        figure(
            "second: adjustments in the books", rows(lab, "SELECT count(*) FROM billing.adjustments")[0][0], "", most=0
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
