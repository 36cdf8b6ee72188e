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
COLUMNS = "id, idempotency_key, account, coalesce(due, round(amount::numeric, 2)) AS amount"


class UnknownAccount(LookupError):
    """There is no such account."""


class AmountTooLarge(ValueError):
    """The invoice comes to more than money has digits for."""


class KeyReused(ValueError):
    """The idempotency key came before, with other lines."""


@dataclass(frozen=True)
class Charge:
    id: UUID
    idempotency_key: str
    account: str
    amount: Decimal

    @property
    def cents(self) -> int:
        return int(self.amount * 100)


def place(conn: Connection, key: str, account: str, lines: Sequence[Line], tax_rate: Decimal) -> tuple[Charge, bool]:
    """Charges the account once. Gives the charge, and whether it is new or was placed before under this key.

    The charge, its lines, the balance and the message to the processor are one transaction.
    """
    invoice = price(lines, tax_rate)
    if invoice.amount >= MAX_AMOUNT:
        raise AmountTooLarge
    with conn.transaction():
        charge = _find(conn, key)
        if charge is None and not _claim(conn, key):
            charge = _find(conn, key)
        if charge is not None:
            if charge.account == account and not _has(conn, charge, lines):
                raise KeyReused(key)
            return charge, False
        charge = _insert(conn, key, account, invoice.amount)
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


def _claim(conn: Connection, key: str) -> bool:
    """False if the key is taken; waits for a concurrent claim to commit or roll back."""
    claimed = conn.execute(
        "INSERT INTO billing.charge_keys (idempotency_key) VALUES (%s) ON CONFLICT DO NOTHING RETURNING true", (key,)
    )
    return claimed.fetchone() is not None


def _insert(conn: Connection, key: str, account: str, amount: Decimal) -> Charge:
    with conn.cursor(row_factory=class_row(Charge)) as cursor:
        try:
            return cursor.execute(
                "INSERT INTO billing.charges (idempotency_key, account, amount, due) VALUES (%s, %s, %s, %s)"
                f" RETURNING {COLUMNS}",
                (key, account, amount, amount),
            ).fetchone()
        except psycopg.errors.ForeignKeyViolation as error:
            raise UnknownAccount(account) from error


def _find(conn: Connection, key: str) -> Charge | None:
    """The first charge under the key."""
    with conn.cursor(row_factory=class_row(Charge)) as cursor:
        return cursor.execute(
            f"SELECT {COLUMNS} FROM billing.charges WHERE idempotency_key = %s ORDER BY created_at LIMIT 1", (key,)
        ).fetchone()


def _has(conn: Connection, charge: Charge, lines: Sequence[Line]) -> bool:
    """Whether the charge is for these lines, in whatever order."""
    placed = conn.execute("SELECT description, net FROM billing.charge_lines WHERE charge_id = %s", (charge.id,))
    return sorted(placed) == sorted((line.description, Decimal(line.net)) for line in lines)
