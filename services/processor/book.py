"""The processor's own book: one charge per idempotency key, never changed."""

from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection
from psycopg.rows import class_row


@dataclass(frozen=True)
class Charge:
    idempotency_key: str
    account: str
    cents: int
    received_at: datetime


def record(conn: Connection, key: str, account: str, cents: int) -> tuple[Charge, bool]:
    """Takes a charge, or recognises its key. Gives what the book has, and whether it is new."""
    with conn.transaction():
        new = conn.execute(
            "INSERT INTO processor.charges (idempotency_key, account, cents) VALUES (%s, %s, %s)"
            " ON CONFLICT (idempotency_key) DO NOTHING RETURNING true",
            (key, account, cents),
        ).fetchone()
        if new:
            conn.execute(
                "INSERT INTO processor.comparison (idempotency_key, account, processor_cents, received)"
                " VALUES (%s, %s, %s, true) ON CONFLICT (idempotency_key)"
                " DO UPDATE SET processor_cents = excluded.processor_cents, received = true",
                (key, account, cents),
            )
    charge = get(conn, key)
    assert charge is not None, "charges are never deleted"
    return charge, new is not None


def get(conn: Connection, key: str) -> Charge | None:
    with conn.cursor(row_factory=class_row(Charge)) as cursor:
        return cursor.execute(
            "SELECT idempotency_key, account, cents, received_at FROM processor.charges WHERE idempotency_key = %s",
            (key,),
        ).fetchone()
