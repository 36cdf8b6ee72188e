"""Checkout's promises: the right total for a cart, the right goods reserved for it, and bad input refused."""

import random
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any

import psycopg

from lab.drill.verdict import Check, Of, at_most
from warroom.verify.company import PATIENCE, Answer, Company
from warroom.verify.company import at_once as at_once_all

ORDERS = 8
PLACED_WITHIN = 2.0  # seconds from a 202, docs/team-spec.md
CARTS = 500
PRODUCTS = 200
WITHIN = 2.5  # seconds for everybody of a crowd
LATE = 4.0  # seconds: nobody of it need be waited for any longer
CENT = Decimal("0.01")
STANDING = re.compile(r"c-0[0-9]{3}")
HELD = "orders that do not hold the goods they sold"


@dataclass(frozen=True)
class Sale:
    """What an order of a standing cart must come to."""

    total: Decimal
    promotion: str | None
    reserved: dict[str, int]


def expected(number: int) -> Sale:
    """Of standing cart c-<number>, by the goods and promotions that the company began with (its migrations, and
    GET /promotions), worked out here once more: the code that is judged is no witness."""
    positions = range(1, 2 + number % 4)
    return worth({1 + (number * 7 + n * 53) % PRODUCTS: 1 + (number + n) % 3 for n in positions})


def worth(goods: Mapping[int, int]) -> Sale:
    """Of a cart with so many of each product."""
    items = {sku(product): quantity for product, quantity in goods.items()}
    total = sum((quantity * price(product) for product, quantity in goods.items()), Decimal(0))
    promotion, percent, free = _promotion(items, total)
    reserved = items | ({free: items.get(free, 0) + 1} if free else {})
    discount = (total * percent / 100).quantize(CENT, ROUND_HALF_UP)
    return Sale(total - discount, promotion, reserved)


def price(product: int) -> Decimal:
    return Decimal(199 + product * 7919 % 4801) / 100


def sku(product: int) -> str:
    return f"sku-{product:04d}"


def _promotion(items: dict[str, int], total: Decimal) -> tuple[str | None, int, str | None]:
    """Its code, the per cent off, and what comes free."""
    if items.get("sku-0007", 0) >= 2:
        return "LANTERN", 0, "sku-0200"
    if total >= 250:
        return "CAMPFIRE", 5, "sku-0199"
    return ("SPRING10", 10, None) if total >= 100 else (None, 0, None)


def check(company: Company, rng: random.Random, at_once: int = 0) -> Iterator[Check]:
    """`at_once`: so many new carts are ordered in the same moment, since that is what the incident was about; an order
    that is not placed then is the incident's as well."""
    numbers = _carts(rng)
    placed = at_once_all([partial(place, company, f"c-{number:04d}") for number in numbers])
    fine = {number: answer for number, answer in zip(numbers, placed, strict=True) if answer.status in (200, 201)}
    missing = len(numbers) - len(fine)
    yield at_most("orders that were not placed", Of.INCIDENT if at_once else Of.PROMISE, missing, 0, "orders")
    if not fine:
        return  # nothing more can be seen of a shop that is shut, and each look takes as long as customers wait
    sales = {number: expected(number) for number in fine}
    wrong = sum(not _right(sales[number], answer) for number, answer in fine.items())
    yield at_most("orders with a wrong total or promotion", Of.PROMISE, wrong, 0, "orders")
    yield _kept(company, list(fine.values()))
    yield _reserved(company, {str(answer.get("order_id")): sales[number] for number, answer in fine.items()})
    yield _quantities(company, rng)
    yield _refusals(company)
    if at_once:
        yield from _crowd(company, rng, at_once)


def during(company: Company, since: datetime) -> list[Check]:
    """All that customers ordered since then is what their carts come to, and held. Raises psycopg.Error."""
    rows = company.rows(
        "SELECT order_id, cart_id, total, promotion FROM checkout.orders"
        " WHERE placed_at >= %s AND placed_at < now() - interval '3 seconds'",  # what is handed over has its time
        (since,),
    )
    standing = {row["order_id"]: row for row in rows if STANDING.fullmatch(row["cart_id"])}
    sales = {order: expected(int(row["cart_id"].removeprefix("c-"))) for order, row in standing.items()}
    wrong = sum(
        (row["total"], row["promotion"]) != (sales[order].total, sales[order].promotion)
        for order, row in standing.items()
    )
    name = "orders of the replay with a wrong total or promotion"
    figure = wrong if standing else None
    return [
        at_most(name, Of.PROMISE, figure, 0, "orders", f"of {len(standing)}"),
        _reserved(company, sales, "orders of the replay that do not hold the goods they sold"),
    ]


def place(company: Company, cart: str, patience: float = PATIENCE) -> Answer:
    """The final answer, with the seconds of the first: a 202 is followed for as long as the team spec allows."""
    first = answer = company.call("checkout", "POST", "/orders", {"cart_id": cart}, patience=patience)
    end = time.monotonic() + PLACED_WITHIN
    while answer.status == 202 and time.monotonic() < end:
        where = answer.headers.get("location", "/orders/unknown")
        time.sleep(0.1)
        answer = company.call("checkout", "GET", where)
    return replace(answer, seconds=first.seconds)


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


def _kept(company: Company, placed: Sequence[Answer]) -> Check:
    """What was answered is what GET gives afterwards."""
    lost = 0
    for answer in placed:
        found = company.call("checkout", "GET", f"/orders/{answer.get('order_id')}")
        lost += not (found.status == 200 and _decimal(found.get("total")) == _decimal(answer.get("total")))
    return at_most("placed orders that are not there afterwards", Of.PROMISE, lost, 0, "orders")


def _reserved(company: Company, sales: Mapping[str, Sale], name: str = HELD) -> Check:
    """What was sold, by order, is held, free items too, once."""
    try:
        rows = company.rows(
            "SELECT order_id, sku, quantity FROM inventory.reservation_items WHERE order_id = ANY(%s)", (list(sales),)
        )
    except psycopg.Error:
        rows = []
    held: dict[str, dict[str, int]] = {}
    for row in rows:
        held.setdefault(row["order_id"], {})[row["sku"]] = row["quantity"]
    wrong = sum(held.get(order) != sale.reserved for order, sale in sales.items())
    return at_most(name, Of.PROMISE, wrong, 0, "orders")


def _new_cart(company: Company, goods: Mapping[int, int]) -> str:
    items = [{"sku": sku(product), "quantity": quantity} for product, quantity in goods.items()]
    return str(company.call("checkout", "POST", "/carts", {"items": items}).get("cart_id"))


def _quantities(company: Company, rng: random.Random) -> Check:
    """The same goods in other quantities are another cart: what it comes to is not remembered from the first."""
    product = rng.randrange(20, PRODUCTS)
    wrong = 0
    for goods in ({7: 1}, {7: 2}, {product: 1}, {product: 20}, {product: 2}):
        wrong += not _right(worth(goods), place(company, _new_cart(company, goods)))
    return at_most("new carts of the same goods that come to something else", Of.PROMISE, wrong, 0, "carts")


def _crowd(company: Company, rng: random.Random, number: int) -> Iterator[Check]:
    """New carts, since standing ones may be known from before. Who gets no order in time suffers from the incident; who
    gets another one than the cart comes to, from the code."""
    crowd = [{product: rng.randint(1, 5) for product in rng.sample(range(1, PRODUCTS + 1), 2)} for _ in range(number)]
    carts = [_new_cart(company, goods) for goods in crowd]
    answers = at_once_all([partial(place, company, cart, patience=LATE) for cart in carts])
    placed = [(goods, answer) for goods, answer in zip(crowd, answers, strict=True) if answer.status in (200, 201)]
    missing = number - sum(answer.seconds <= WITHIN for _, answer in placed)
    yield at_most(f"late or not placed, of {number} new carts ordered at once", Of.INCIDENT, missing, 0, "orders")
    wrong = sum(not _right(worth(goods), answer) for goods, answer in placed)
    yield at_most(f"wrong, of {number} new carts ordered at once", Of.PROMISE, wrong, 0, "orders")


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
