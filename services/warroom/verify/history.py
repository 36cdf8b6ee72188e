"""The promises of order history and export: the same facts, all of them, in order, with shipments as they are now."""

import random
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from lab.drill.verdict import Check, Of, at_most
from warroom.verify.company import Answer, Company
from warroom.verify.company import at_once as at_once_all

ACCOUNTS = 500
ORDERS_EACH = 40
PAGE = 5
FULL, FULL_EACH = 18, 10  # accounts of the job's export, and orders of each
BATCH = 100

Shipments = dict[int, Any]


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


def check(company: Company, rng: random.Random, at_once: int = 0) -> Iterator[Check]:
    """`at_once`: so many full exports are asked for in the same moment, since that is what the incident was about."""
    numbers = rng.sample(range(1, ACCOUNTS + 1), 5)
    shipments = _shipments(company, numbers, PAGE)
    pages = [company.call("orders", "GET", f"/accounts/a-{number}/orders?limit={PAGE}") for number in numbers[:2]]
    wrong = sum(
        page.status != 200 or not _same(page.body, number, PAGE, shipments)
        for page, number in zip(pages, numbers, strict=False)
    )
    yield at_most("pages of orders that are wrong or missing", Of.PROMISE, wrong, 0, "pages")
    # Asked for less first: what was answered then is not the answer now.
    exported = [(limit, _export(company, numbers, limit)) for limit in (2, PAGE)]
    wrong = sum(_wrong(answer, numbers, limit, shipments) for limit, answer in exported)
    yield at_most("accounts that an export has wrong, out of order or not at all", Of.PROMISE, wrong, 0, "accounts")
    yield _refusals(company)
    if at_once:
        yield from _crowd(company, rng, at_once)


def _crowd(company: Company, rng: random.Random, number: int) -> Iterator[Check]:
    """Who gets no export suffers from the incident; who gets another one than was asked for, from the code."""
    asked = [rng.sample(range(1, ACCOUNTS + 1), FULL) for _ in range(number)]
    shipments = _shipments(company, [account for one in asked for account in one], FULL_EACH)
    answers = at_once_all([partial(_export, company, numbers, FULL_EACH) for numbers in asked])
    missing = sum(answer.status != 200 for answer in answers)
    yield at_most(f"not delivered, of {number} full exports at once", Of.INCIDENT, missing, 0, "exports")
    wrong = sum(
        _wrong(answer, numbers, FULL_EACH, shipments)
        for numbers, answer in zip(asked, answers, strict=True)
        if answer.status == 200
    )
    yield at_most(f"accounts that {number} full exports at once have wrong", Of.PROMISE, wrong, 0, "accounts")


def _export(company: Company, numbers: Sequence[int], limit: int) -> Answer:
    body = {"accounts": [f"a-{number}" for number in numbers], "per_account": limit}
    return company.call("orders", "POST", "/exports", body)


def _wrong(export: Answer, numbers: Sequence[int], limit: int, shipments: Shipments) -> int:
    """How many of the accounts are not there as they were asked for."""
    accounts = export.get("accounts") if export.status == 200 else None
    if not isinstance(accounts, list) or len(accounts) != len(numbers):
        return len(numbers)
    return sum(not _same(one, number, limit, shipments) for one, number in zip(accounts, numbers, strict=True))


def _shipments(company: Company, numbers: Sequence[int], limit: int) -> Shipments:
    """As the partner tells them, all together."""
    ids = sorted({order["order_id"] for number in numbers for order in facts(number, limit)})
    found: Shipments = {}
    for begin in range(0, len(ids), BATCH):
        answer = company.call("partner", "POST", "/shipments/batch", {"order_ids": ids[begin : begin + BATCH]})
        for one in answer.body if isinstance(answer.body, list) else answer.get("shipments") or []:
            found[one["order_id"]] = one
    return found


def _same(found: Any, number: int, limit: int, shipments: Shipments) -> bool:
    """Are these all facts of the account, in their order?"""
    try:
        orders = found["orders"]
        wanted = facts(number, limit)
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
