"""What the company promises about charges (docs/team-spec.md), held against requests that the lab has sent."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from lab.drill.facts import Exchange
from lab.drill.patterns import Price

KEY = "idempotency-key"


def charged(price: Price, exchange: Exchange) -> bool | None:
    """Was the request charged what its lines come to? None where that cannot be told."""
    try:
        return Decimal(_json(exchange.answer)["amount"]) == price.of(_json(exchange.body)["lines"])
    except (KeyError, TypeError, ValueError, InvalidOperation):
        return None


def repeats(exchange: Exchange, earlier: Exchange) -> bool:
    """Is it an earlier charge once more, the same key and lines in whatever order, and was taken for a new one?"""
    if not earlier.at < exchange.at or earlier.status not in (200, 201) or exchange.status != 201:
        return False
    one, other = _charge(exchange), _charge(earlier)
    return one is not None and one == other


def _charge(exchange: Exchange) -> tuple[Any, ...] | None:
    """Who is charged for what under which key; None if it is no charge."""
    keys = [value for name, value in exchange.headers.items() if name.lower() == KEY]
    try:
        body = _json(exchange.body)
        lines = sorted((str(line["description"]), Decimal(line["net"])) for line in body["lines"])
        return (exchange.service, exchange.path, keys[0], body["account"], lines)
    except (KeyError, IndexError, TypeError, ValueError, InvalidOperation):
        return None


def _json(text: str) -> Any:
    return json.loads(text)
