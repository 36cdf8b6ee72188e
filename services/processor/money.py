"""Money in whole cents. Tax is rounded half up to the cent, line by line."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal


def cents(amount: str) -> int:
    """'12.34' → 1234. Raises ValueError for a fraction of a cent."""
    exact = Decimal(amount) * 100
    if exact != int(exact):
        raise ValueError(f"{amount} has a fraction of a cent")
    return int(exact)


def show(amount: int) -> str:
    """-1234 → '-12.34'."""
    whole, part = divmod(abs(amount), 100)
    return f"{'-' if amount < 0 else ''}{whole}.{part:02d}"


def due(nets: Iterable[str], tax_rate: Decimal) -> int:
    """What lines with these net amounts come to with their tax, in cents."""
    total = 0
    for net in map(cents, nets):
        total += net + int((net * tax_rate).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    return total
