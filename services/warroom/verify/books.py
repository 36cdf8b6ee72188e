"""Whether billing's book and the processor's agree, by the processor's, which no fix can touch."""

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

from lab.drill.verdict import Check, Of, at_most
from lab.errors import LabError
from warroom.verify.company import Company

MOST_ENTRIES = 500  # of an adjustment
COMPARED_WITHIN = 12.0  # seconds: the processor compares every 2
APART = "SELECT coalesce(sum(abs(difference)), 0)::bigint AS cents FROM processor.differing"


def watermark(company: Company) -> int:
    """The position in billing's book up to which the processor has compared. Raises psycopg.Error."""
    return company.rows("SELECT position FROM processor.progress")[0]["position"]


def apart(company: Company) -> int:
    """Cents between the two books, as compared last. Raises psycopg.Error."""
    return company.rows(APART)[0]["cents"]


def check(
    company: Company,
    since: int,
    *,
    incident: bool,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
) -> list[Check]:
    """What was charged after the watermark agrees to the cent; where money was the incident, so does all before it."""
    of = Of.INCIDENT if incident else Of.PROMISE
    compared = _compared(company, now(), sleep)
    new = company.rows(f"{APART} WHERE last_position > %s OR last_position IS NULL", (since,))[0]["cents"]
    checks = [
        at_most("cents between the books, charged during the verification", of, new if compared else None, 0, "cents")
    ]
    if incident:
        total = apart(company)
        note = "" if not total else "level them: POST /adjustments at billing, dry_run first"
        checks.append(at_most("cents between the books altogether", of, total, 0, "cents", note))
    return checks


def level(company: Company, since: int) -> int:
    """Compensates what was charged wrongly after the watermark, by billing's own adjustments; on how many charges.

    For what the lab has had tried out itself: a team levels its own books. Raises LabError if they stay apart, and
    psycopg.Error.
    """
    _compared(company, datetime.now(UTC), time.sleep)
    rows = company.rows(
        "SELECT idempotency_key, account, difference FROM processor.differing WHERE last_position > %s", (since,)
    )
    for begin in range(0, len(rows), MOST_ENTRIES):
        entries = [
            {
                "charge_key": row["idempotency_key"],
                "account": row["account"],
                "amount": f"{Decimal(-row['difference']) / 100:.2f}",
                "reason": "tried out by the lab",
            }
            for row in rows[begin : begin + MOST_ENTRIES]
        ]
        body = {"idempotency_key": f"lab-{uuid.uuid4().hex}", "dry_run": False, "entries": entries}
        answer = company.call("billing", "POST", "/adjustments", body)
        if answer.status not in (200, 201):
            raise LabError(f"The books were not levelled after a patch was tried out (billing said {answer.status}).")
    return len(rows)


def _compared(company: Company, begun: datetime, sleep: Callable[[float], None]) -> bool:
    """Has the processor compared the books since then? Waits for it."""
    for _ in range(int(COMPARED_WITHIN / 0.5)):
        if company.rows("SELECT as_of > %s AS compared FROM processor.progress", (begun,))[0]["compared"]:
            return True
        sleep(0.5)
    return False
