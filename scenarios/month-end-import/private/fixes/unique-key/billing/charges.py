"""Charges: what an account pays for one invoice."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg.rows import class_row

from billing import book, outbox
from billing.invoice import price, units
from billing.models import Line

MAX_AMOUNT = 10_000_000_000
COLUMNS = "id, idempotency_key, account, coalesce(cents, round(amount * 100)::bigint) AS cents"


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
    cents: int

    @property
    def amount(self) -> Decimal:
        return units(self.cents)


def place(conn: Connection, key: str, account: str, lines: Sequence[Line], tax_rate: Decimal) -> tuple[Charge, bool]:
    """Charges the account once. Gives the charge, and whether it is new or was placed before under this key.

    The charge, its lines, the balance and the message to the processor are one transaction.
    """
    invoice = price(lines, tax_rate)
    if invoice.cents >= 100 * MAX_AMOUNT:
        raise AmountTooLarge
    with conn.transaction():
        known = _find(conn, key)
        charge = None if known else _insert(conn, key, account, invoice.cents)
        if charge is None:
            known = known or _find(conn, key)
            if known.account == account and not _has(conn, known, lines):
                raise KeyReused(key)
            return known, False
        with conn.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO billing.charge_lines (charge_id, line, description, net, tax) VALUES (%s, %s, %s, %s, %s)",
                [
                    (charge.id, n, line.description, units(line.net_cents), units(line.tax_cents))
                    for n, line in enumerate(invoice.lines, 1)
                ],
            )
        outbox.put(conn, key, account, lines)
        book.append(conn, [book.Movement("charge", key, account, charge.amount)])
    return charge, True


def get(conn: Connection, charge_id: UUID) -> Charge | None:
    with conn.cursor(row_factory=class_row(Charge)) as cursor:
        return cursor.execute(f"SELECT {COLUMNS} FROM billing.charges WHERE id = %s", (charge_id,)).fetchone()


def _insert(conn: Connection, key: str, account: str, cents: int) -> Charge | None:
    """None if the key is taken; waits for a concurrent charge to commit or roll back."""
    with conn.cursor(row_factory=class_row(Charge)) as cursor:
        try:
            return cursor.execute(
                "INSERT INTO billing.charges (idempotency_key, account, amount, cents)"
                f" VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING {COLUMNS}",
                (key, account, units(cents), cents),
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
