"""Checkout's promises: the right total for a cart, the right goods reserved for it, and bad input refused."""

import random
import time
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import psycopg

from lab.drill.verdict import Check, Of, at_most
from warroom.verify.company import Answer, Company

ORDERS = 8
PLACED_WITHIN = 2.0  # seconds, docs/team-spec.md
CARTS = 500
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Sale:
    """What an order of a standing cart must come to."""

    total: Decimal
    promotion: str | None
    reserved: dict[str, int]


def expected(number: int) -> Sale:
    """Of cart c-<number>, by the goods and promotions that the company began with (services/checkout/migrations,
    GET /promotions), worked out here once more: the code that is judged is no witness."""
    items: dict[str, int] = {}
    total = Decimal(0)
    for position in range(1, 2 + number % 4):
        product = 1 + (number * 7 + position * 53) % 200
        quantity = 1 + (number + position) % 3
        items[_sku(product)] = quantity
        total += quantity * Decimal(199 + product * 7919 % 4801) / 100
    promotion, percent, free = _promotion(items, total)
    reserved = items | ({free: items.get(free, 0) + 1} if free else {})
    discount = (total * percent / 100).quantize(CENT, ROUND_HALF_UP)
    return Sale(total - discount, promotion, reserved)


def _sku(product: int) -> str:
    return f"sku-{product:04d}"


def _promotion(items: dict[str, int], total: Decimal) -> tuple[str | None, int, str | None]:
    """Its code, the per cent off, and what comes free."""
    if items.get("sku-0007", 0) >= 2:
        return "LANTERN", 0, "sku-0200"
    if total >= 250:
        return "CAMPFIRE", 5, "sku-0199"
    return ("SPRING10", 10, None) if total >= 100 else (None, 0, None)


def check(company: Company, rng: random.Random) -> list[Check]:
    """Orders in turn: what a burst does to them is the replay's business."""
    numbers = _carts(rng)
    placed = {number: place(company, number) for number in numbers}
    wrong = sum(not _right(expected(number), answer) for number, answer in placed.items())
    ids = {number: str(answer.get("order_id")) for number, answer in placed.items()}
    return [
        at_most("orders with a wrong total or promotion, or not placed", Of.PROMISE, wrong, 0, "orders"),
        _kept(company, placed),
        _reserved(company, ids),
        _refusals(company),
    ]


def place(company: Company, number: int) -> Answer:
    """The order's final answer: a 202 is followed for as long as the team spec allows."""
    began = time.monotonic()
    answer = company.call("checkout", "POST", "/orders", {"cart_id": f"c-{number:04d}"})
    while answer.status == 202 and time.monotonic() < began + PLACED_WITHIN:
        where = answer.headers.get("location", "/orders/unknown")
        time.sleep(0.1)
        answer = company.call("checkout", "GET", where)
    return answer


def _carts(rng: random.Random) -> list[int]:
    """Of every promotion at least one, the rest as drawn."""
    numbers = rng.sample(range(1, CARTS + 1), CARTS)
    first = {expected(number).promotion: number for number in reversed(numbers)}
    rest = [number for number in numbers if number not in first.values()]
    return [*first.values(), *rest][:ORDERS]


def _right(sale: Sale, answer: Answer) -> bool:
    return (
        answer.status in (200, 201)
        and _decimal(answer.get("total")) == sale.total
        and answer.get("promotion") == sale.promotion
    )


def _decimal(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except ArithmeticError:
        return None


def _kept(company: Company, placed: dict[int, Answer]) -> Check:
    """What was answered is what GET gives afterwards."""
    lost = 0
    for answer in placed.values():
        found = company.call("checkout", "GET", f"/orders/{answer.get('order_id')}")
        lost += not (found.status == 200 and _decimal(found.get("total")) == _decimal(answer.get("total")))
    return at_most("placed orders that are not there afterwards", Of.PROMISE, lost, 0, "orders")


def _reserved(company: Company, ids: dict[int, str]) -> Check:
    """What was sold is held, free items too, once."""
    try:
        rows = company.rows(
            "SELECT order_id, sku, quantity FROM inventory.reservation_items WHERE order_id = ANY(%s)",
            (list(ids.values()),),
        )
    except psycopg.Error:
        rows = []
    held: dict[str, dict[str, int]] = {}
    for row in rows:
        held.setdefault(row["order_id"], {})[row["sku"]] = row["quantity"]
    wrong = sum(held.get(order) != expected(number).reserved for number, order in ids.items())
    return at_most("orders that do not hold the goods they sold", Of.PROMISE, wrong, 0, "orders")


def _refusals(company: Company) -> Check:
    wanted = [
        (404, company.call("checkout", "POST", "/orders", {"cart_id": "c-ffff"})),
        (422, company.call("checkout", "POST", "/orders", {"cart_id": "drop table"})),
        (422, company.call("checkout", "POST", "/orders", {})),
        (422, company.call("checkout", "POST", "/carts", {"items": [{"sku": "sku-0001", "quantity": -1}]})),
        (422, company.call("checkout", "POST", "/carts", {"items": []})),
    ]
    wrong = sum(not (answer.status in (status, 400) and answer.is_problem) for status, answer in wanted)
    return at_most("bad orders that were not refused with a sentence", Of.PROMISE, wrong, 0, "requests")
