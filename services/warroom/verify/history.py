"""The promises of order history and export: the same facts, all of them, in order, with shipments as they are now."""

import random
from decimal import Decimal
from typing import Any

from lab.drill.verdict import Check, Of, at_most
from warroom.verify.company import Company

ACCOUNTS = 500
ORDERS_EACH = 40
PAGE = 5


def facts(number: int, limit: int) -> list[dict[str, Any]]:
    """The latest orders of account a-<number>, newest first, by what the history began with
    (services/orders/migrations); shipments are the partner's to tell."""
    latest = [number + ACCOUNTS * n for n in reversed(range(ORDERS_EACH))][:limit]
    return [{"order_id": order, "lines": [_line(order, position) for position in (1, 2, 3)]} for order in latest]


def _line(order: int, position: int) -> dict[str, Any]:
    quantity = 1 + (order + position * 5) % 4
    price = Decimal(199 + (order * 7919 + position * 104729) % 14797) / 100
    sku = f"sku-{1 + (order * 7 + position * 13) % 200}"
    return {"sku": sku, "quantity": quantity, "unit_price": price, "amount": quantity * price}


def check(company: Company, rng: random.Random) -> list[Check]:
    numbers = rng.sample(range(1, ACCOUNTS + 1), 5)
    shipments: dict[int, Any] = {}
    for number in numbers:
        for order in facts(number, PAGE):
            shipments[order["order_id"]] = company.call("partner", "GET", f"/shipments/{order['order_id']}").body

    pages = [company.call("orders", "GET", f"/accounts/a-{number}/orders?limit={PAGE}") for number in numbers[:2]]
    wrong = sum(
        page.status != 200 or not _same(page.body, number, shipments)
        for page, number in zip(pages, numbers, strict=False)
    )
    body = {"accounts": [f"a-{number}" for number in numbers], "per_account": PAGE}
    export = company.call("orders", "POST", "/exports", body)
    accounts = export.get("accounts") if export.status == 200 else None
    complete = isinstance(accounts, list) and len(accounts) == len(numbers)
    wrong_accounts = sum(
        not complete or not _same(accounts[place], number, shipments) for place, number in enumerate(numbers)
    )
    return [
        at_most("pages of orders that are wrong or missing", Of.PROMISE, wrong, 0, "pages"),
        at_most("accounts that an export has wrong, out of order or not at all", Of.PROMISE, wrong_accounts, 0, ""),
        _refusals(company),
    ]


def _same(found: Any, number: int, shipments: dict[int, Any]) -> bool:
    """Are these all facts of the account, in their order?"""
    try:
        orders = found["orders"]
        wanted = facts(number, PAGE)
        return (
            found["account"] == f"a-{number}"
            and [order["order_id"] for order in orders] == [order["order_id"] for order in wanted]
            and all(
                _lines(one["lines"]) == other["lines"]
                and Decimal(str(one["total"])) == sum(line["amount"] for line in other["lines"])
                and _shipment(one["shipment"]) == _shipment(shipments[one["order_id"]])
                for one, other in zip(orders, wanted, strict=True)
            )
        )
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return False


def _lines(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "sku": line["sku"],
            "quantity": line["quantity"],
            "unit_price": Decimal(str(line["unit_price"])),
            "amount": Decimal(str(line["amount"])),
        }
        for line in lines
    ]


def _shipment(shipment: dict[str, Any]) -> tuple[str, str]:
    return shipment["status"], shipment["tracking"]


def _refusals(company: Company) -> Check:
    wanted = [
        (404, company.call("orders", "GET", "/accounts/a-9999/orders")),
        (422, company.call("orders", "GET", "/accounts/a-1/orders?limit=51")),
        (404, company.call("orders", "POST", "/exports", {"accounts": ["a-1", "a-9999"], "per_account": 2})),
        (422, company.call("orders", "POST", "/exports", {"accounts": [], "per_account": 2})),
        (422, company.call("orders", "POST", "/exports", {"accounts": ["a-1"], "per_account": 51})),
    ]
    wrong = sum(not (answer.status in (status, 400) and answer.is_problem) for status, answer in wanted)
    return at_most("bad questions that were not refused with a sentence", Of.PROMISE, wrong, 0, "requests")
