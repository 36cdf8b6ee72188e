"""The price of an invoice."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from psycopg import Connection
from psycopg.rows import class_row

from billing.models import Line


@dataclass(frozen=True)
class PricedLine:
    description: str
    net: Decimal
    tax: Decimal


@dataclass(frozen=True)
class Invoice:
    lines: list[PricedLine]
    amount: Decimal


def price(conn: Connection, lines: Sequence[Line], tax_rate: Decimal) -> Invoice:
    """Adds the tax to every line, half up to the cent as numeric is rounded, and the lines to the amount due."""
    with conn.cursor(row_factory=class_row(PricedLine)) as cursor:
        priced = cursor.execute(
            "SELECT description, net, round(net * %s::numeric, 2) AS tax"
            " FROM unnest(%s::text[], %s::numeric[]) WITH ORDINALITY AS line (description, net, number)"
            " ORDER BY number",
            (tax_rate, [line.description for line in lines], [line.net for line in lines]),
        ).fetchall()
    return Invoice(priced, sum((line.net + line.tax for line in priced), Decimal(0)))
