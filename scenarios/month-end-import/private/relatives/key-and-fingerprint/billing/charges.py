"""Charges: what an account pays for one invoice."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg.rows import class_row

from billing import book, outbox
from billing.invoice import price
from billing.models import Line

MAX_AMOUNT = 10_000_000_000
COLUMNS = "id, idempotency_key, account, round(amount::numeric, 2) AS amount"


class UnknownAccount(LookupError):
    """There is no such account."""


class AmountTooLarge(ValueError):
    """The invoice comes to more than money has digits for."""


@dataclass(frozen=True)
class Charge:
    id: UUID
    idempotency_key: str
    account: str
    amount: Decimal

    @property
    def cents(self) -> int:
        return int(self.amount * 100)


def fingerprint(account: str, lines: Sequence[Line]) -> str:
    """The same for the same account and lines, however their amounts are written."""
    wanted = [(line.description, f"{Decimal(line.net):.2f}") for line in lines]
    return hashlib.sha256(json.dumps([account, wanted]).encode()).hexdigest()


def place(conn: Connection, key: str, account: str, lines: Sequence[Line], tax_rate: Decimal) -> tuple[Charge, bool]:
    """Charges the account once. Gives the charge, and whether it is new or was placed before under this key.

    The charge, its lines, the balance and the message to the processor are one transaction.
    """
    invoice = price(lines, tax_rate)
    if invoice.amount >= MAX_AMOUNT:
        raise AmountTooLarge
    wanted = fingerprint(account, lines)
    with conn.transaction():
        if not _register(conn, key, wanted):
            return _find(conn, key, wanted), False
        charge = _insert(conn, key, account, invoice.amount)
        _belongs(conn, key, wanted, charge)
        with conn.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO billing.charge_lines (charge_id, line, description, net, tax) VALUES (%s, %s, %s, %s, %s)",
                [(charge.id, n, line.description, line.net, line.tax) for n, line in enumerate(invoice.lines, 1)],
            )
        outbox.put(conn, key, account, lines)
        book.append(conn, [book.Movement("charge", key, account, charge.amount)])
    return charge, True


def get(conn: Connection, charge_id: UUID) -> Charge | None:
    with conn.cursor(row_factory=class_row(Charge)) as cursor:
        return cursor.execute(f"SELECT {COLUMNS} FROM billing.charges WHERE id = %s", (charge_id,)).fetchone()


def _register(conn: Connection, key: str, wanted: str) -> bool:
    """False if the key came before with these lines; waits for a concurrent registration to commit or roll back."""
    registered = conn.execute(
        "INSERT INTO billing.charge_requests (idempotency_key, fingerprint) VALUES (%s, %s)"
        " ON CONFLICT DO NOTHING RETURNING true",
        (key, wanted),
    )
    return registered.fetchone() is not None


def _belongs(conn: Connection, key: str, wanted: str, charge: Charge) -> None:
    conn.execute(
        "UPDATE billing.charge_requests SET charge_id = %s WHERE idempotency_key = %s AND fingerprint = %s",
        (charge.id, key, wanted),
    )


def _insert(conn: Connection, key: str, account: str, amount: Decimal) -> Charge:
    with conn.cursor(row_factory=class_row(Charge)) as cursor:
        try:
            return cursor.execute(
                "INSERT INTO billing.charges (idempotency_key, account, amount) VALUES (%s, %s, %s)"
                f" RETURNING {COLUMNS}",
                (key, account, amount),
            ).fetchone()
        except psycopg.errors.ForeignKeyViolation as error:
            raise UnknownAccount(account) from error


def _find(conn: Connection, key: str, wanted: str) -> Charge:
    with conn.cursor(row_factory=class_row(Charge)) as cursor:
        return cursor.execute(
            f"SELECT {COLUMNS} FROM billing.charges WHERE id ="
            " (SELECT charge_id FROM billing.charge_requests WHERE idempotency_key = %s AND fingerprint = %s)",
            (key, wanted),
        ).fetchone()
