"""Charges: what an account pays for one invoice."""

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
SAME = 0.005  # amounts nearer to each other are one


class UnknownAccount(LookupError):
    """There is no such account."""


class AmountTooLarge(ValueError):
    """The invoice comes to more than money has digits for."""


@dataclass(frozen=True)
class Charge:
    id: UUID
    idempotency_key: str
    account: str
    amount: float

    @property
    def cents(self) -> int:
        return round(self.amount * 100)


def place(conn: Connection, key: str, account: str, lines: Sequence[Line], tax_rate: float) -> tuple[Charge, bool]:
    """Charges the account once. Gives the charge, and whether it is new or was placed before under this key.

    The charge, its lines, the balance and the message to the processor are one transaction.
    """
    invoice = price(lines, tax_rate)
    if invoice.amount >= MAX_AMOUNT:
        raise AmountTooLarge
    with conn.transaction():
        # Until the commit. The first number keeps these locks apart from the book's.
        conn.execute("SELECT pg_advisory_xact_lock(1, hashtext(%s))", (key,))
        known = _find(conn, key, invoice.amount)
        if known is not None:
            return known, False
        charge = _insert(conn, key, account, invoice.amount)
        with conn.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO billing.charge_lines (charge_id, line, description, net, tax) VALUES (%s, %s, %s, %s, %s)",
                [(charge.id, n, line.description, line.net, line.tax) for n, line in enumerate(invoice.lines, 1)],
            )
        outbox.put(conn, key, account, lines)
        book.append(conn, [book.Movement("charge", key, account, Decimal(f"{charge.amount:.2f}"))])
    return charge, True


def get(conn: Connection, charge_id: UUID) -> Charge | None:
    with conn.cursor(row_factory=class_row(Charge)) as cursor:
        return cursor.execute(
            "SELECT id, idempotency_key, account, amount FROM billing.charges WHERE id = %s", (charge_id,)
        ).fetchone()


def _insert(conn: Connection, key: str, account: str, amount: float) -> Charge:
    with conn.cursor(row_factory=class_row(Charge)) as cursor:
        try:
            return cursor.execute(
                "INSERT INTO billing.charges (idempotency_key, account, amount) VALUES (%s, %s, %s)"
                " RETURNING id, idempotency_key, account, amount",
                (key, account, amount),
            ).fetchone()
        except psycopg.errors.ForeignKeyViolation as error:
            raise UnknownAccount(account) from error


def _find(conn: Connection, key: str, amount: float) -> Charge | None:
    with conn.cursor(row_factory=class_row(Charge)) as cursor:
        return cursor.execute(
            "SELECT id, idempotency_key, account, amount FROM billing.charges"
            " WHERE idempotency_key = %s AND abs(amount - %s) < %s ORDER BY created_at LIMIT 1",
            (key, amount, SAME),
        ).fetchone()
