"""What an invoice comes to."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.models import Line


@dataclass(frozen=True)
class Item:
    text: str
    before: float
    levy: float


@dataclass(frozen=True)
class Quote:
    items: list[Item]
    total: float


def quote(wanted: Sequence[Line], percent: float) -> Quote:
    """Every item with its levy, and all of them together."""
    items = [Item(one.description, float(one.net), round(float(one.net) * percent, 2)) for one in wanted]
    return Quote(items, sum(item.before + item.levy for item in items))
