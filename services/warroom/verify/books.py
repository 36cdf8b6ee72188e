"""Whether billing's book and the processor's agree, by the processor's, which no fix can touch."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg

from lab.drill.verdict import Check, Of, at_most
from warroom.verify.company import Company

COMPARED_WITHIN = 12.0  # seconds: the processor compares every 2


def watermark(company: Company) -> int:
    """The position in billing's book up to which the processor has compared. Raises psycopg.Error."""
    return company.rows("SELECT position FROM processor.progress")[0]["position"]


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
    begun = now()
    compared = False
    for _ in range(int(COMPARED_WITHIN / 0.5)):
        compared = company.rows("SELECT as_of > %s AS compared FROM processor.progress", (begun,))[0]["compared"]
        if compared:
            break
        sleep(0.5)
    cents = "SELECT coalesce(sum(abs(difference)), 0)::bigint AS cents FROM processor.differing"
    new = company.rows(f"{cents} WHERE last_position > %s OR last_position IS NULL", (since,))[0]["cents"]
    checks = [at_most("cents between the books, charged since the deploy", of, new if compared else None, 0, "cents")]
    if incident:
        total = company.rows(cents)[0]["cents"]
        note = "" if not total else "level them: POST /adjustments at billing, dry_run first"
        checks.append(at_most("cents between the books altogether", of, total, 0, "cents", note))
    return checks


def readable(company: Company) -> bool:
    try:
        watermark(company)
    except (psycopg.Error, IndexError):
        return False
    return True
