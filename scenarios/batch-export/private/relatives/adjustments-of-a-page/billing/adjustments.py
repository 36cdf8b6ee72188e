"""Adjustments: what puts a wrong charge right, by entries that are added and never changed."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from billing import book
from billing.models import AdjustmentRequest, Entry


class KeyReused(ValueError):
    """The idempotency key came before, with other entries."""


class UnknownCharge(LookupError):
    """No charge has this key, and the entry names no account."""


class OtherAccount(ValueError):
    """The charges of an entry's key are not on the account that the entry names."""

    def __init__(self, charge_key: str, account: str) -> None:
        super().__init__(charge_key, account)
        self.charge_key = charge_key
        self.account = account


class UnknownAccount(LookupError):
    """There is no such account."""


def post(conn: Connection, request: AdjustmentRequest) -> tuple[dict[str, Any], bool]:
    """Applies all entries or none. Gives the answer, and whether it is new or was given before under this key.

    A dry run goes the whole way and is rolled back, so it says exactly what would happen.
    """
    wanted = request.model_dump(mode="json", exclude={"idempotency_key", "dry_run"})
    with conn.transaction() as transaction:
        first = conn.execute(
            "INSERT INTO billing.adjustments (idempotency_key, request) VALUES (%s, %s)"
            " ON CONFLICT (idempotency_key) DO NOTHING RETURNING id",
            (request.idempotency_key, Jsonb(wanted)),
        ).fetchone()
        if first is None:
            return _given_before(conn, request.idempotency_key, wanted), False
        movements = _movements(conn, request.entries)
        answer = _answer(conn, request, movements)
        if request.dry_run:
            raise psycopg.Rollback(transaction)
        conn.execute("UPDATE billing.adjustments SET answer = %s WHERE id = %s", (Jsonb(answer), first[0]))
        book.append(conn, movements)
    return answer, True


def ids(conn: Connection, after: int, limit: int) -> list[int]:
    """The ids of the adjustments that follow id `after`, oldest first."""
    rows = conn.execute("SELECT id FROM billing.adjustments WHERE id > %s ORDER BY id LIMIT %s", (after, limit))
    return [found for (found,) in rows]


def get(conn: Connection, adjustment: int) -> dict[str, Any]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "SELECT id, idempotency_key, request -> 'entries' AS entries, answer ->> 'total' AS total, created_at"
            " FROM billing.adjustments WHERE id = %s",
            (adjustment,),
        ).fetchone()


def _given_before(conn: Connection, key: str, wanted: dict[str, Any]) -> dict[str, Any]:
    row = conn.execute("SELECT request, answer FROM billing.adjustments WHERE idempotency_key = %s", (key,)).fetchone()
    assert row is not None, "adjustments are never deleted"
    request, answer = row
    if request != wanted:
        raise KeyReused(key)
    return answer


def _movements(conn: Connection, entries: Sequence[Entry]) -> list[book.Movement]:
    charged: dict[str, list[str]] = {}
    for key, account in conn.execute(
        "SELECT idempotency_key, account FROM billing.charges WHERE idempotency_key = ANY(%s) ORDER BY created_at",
        ([entry.charge_key for entry in entries],),
    ):
        charged.setdefault(key, []).append(account)
    movements = []
    for entry in entries:
        accounts = charged.get(entry.charge_key)
        if not (accounts or entry.account):
            raise UnknownCharge(entry.charge_key)
        account = entry.account or accounts[0]
        if accounts and account not in accounts:
            raise OtherAccount(entry.charge_key, account)
        movements.append(book.Movement("adjustment", entry.charge_key, account, Decimal(entry.amount)))
    return movements


def _answer(conn: Connection, request: AdjustmentRequest, movements: Sequence[book.Movement]) -> dict[str, Any]:
    totals: dict[str, Decimal] = {}
    for movement in movements:
        totals[movement.account] = totals.get(movement.account, Decimal(0)) + movement.amount
    # Locked in the order of their ids, as everywhere; no charge comes between what is read here and the commit.
    balances = dict(
        conn.execute(
            "SELECT id, balance FROM billing.accounts WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", (list(totals),)
        ).fetchall()
    )
    for account in totals:
        if account not in balances:
            raise UnknownAccount(account)
    return {
        "idempotency_key": request.idempotency_key,
        "dry_run": request.dry_run,
        "entries": [
            {
                "charge_key": entry.charge_key,
                "account": movement.account,
                "amount": f"{movement.amount:.2f}",
                "reason": entry.reason,
            }
            for entry, movement in zip(request.entries, movements, strict=True)
        ],
        "accounts": [
            {"account": account, "before": f"{balances[account]:.2f}", "after": f"{balances[account] + total:.2f}"}
            for account, total in sorted(totals.items())
        ],
        "total": f"{sum(totals.values()):.2f}",
    }
