"""The book: every movement of money, append-only."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from psycopg import Connection
from psycopg.rows import dict_row

# A charge is what its lines come to, and a key is charged once: a later entry of its kind moves nothing.
PAGE = """
SELECT position, kind, charge_key, account, at, (CASE
    WHEN kind = 'adjustment' THEN amount
    WHEN EXISTS (SELECT FROM billing.book AS earlier WHERE earlier.kind = 'charge'
                 AND earlier.charge_key = entry.charge_key AND earlier.position < entry.position) THEN 0.00
    ELSE (SELECT sum(net + round(net * 0.0725, 2)) FROM billing.charge_lines WHERE charge_id = (
              SELECT id FROM billing.charges WHERE idempotency_key = charge_key ORDER BY created_at LIMIT 1))
    END)::text AS amount
FROM billing.book AS entry WHERE position > %s ORDER BY position LIMIT %s
"""


@dataclass(frozen=True)
class Movement:
    kind: Literal["charge", "adjustment"]
    charge_key: str
    account: str
    amount: Decimal


def append(conn: Connection, movements: Sequence[Movement]) -> None:
    """Writes the movements and moves the balances. Must be the last thing its transaction does.

    The lock is held until the commit, so that positions become visible in their order and a reader who
    remembers the last one it saw misses none.
    """
    totals: dict[str, Decimal] = {}
    for movement in movements:
        totals[movement.account] = totals.get(movement.account, Decimal(0)) + movement.amount
    with conn.cursor() as cursor:
        # In the order of their ids, whoever writes.
        cursor.executemany(
            "UPDATE billing.accounts SET balance = balance + %s WHERE id = %s",
            [(total, account) for account, total in sorted(totals.items())],
        )
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('billing.book'))")
        cursor.executemany(
            "INSERT INTO billing.book (kind, charge_key, account, amount) VALUES (%s, %s, %s, %s)",
            [(m.kind, m.charge_key, m.account, m.amount) for m in movements],
        )


def page(conn: Connection, after: int, limit: int) -> list[dict[str, Any]]:
    """The movements that follow position `after`, oldest first."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            PAGE,
            (after, limit),
        ).fetchall()


def balance(conn: Connection, account: str) -> str | None:
    """The account's balance as a decimal string; None if there is no such account."""
    row = conn.execute("SELECT round(balance, 2)::text FROM billing.accounts WHERE id = %s", (account,)).fetchone()
    return row[0] if row else None
