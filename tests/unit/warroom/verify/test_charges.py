"""The referee's questions to billing, asked of billings that are right, and wrong in one way each."""

import json
import random
import threading
import uuid
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import httpx
import pytest
from warroom.verify import charges
from warroom.verify.charges import draw
from warroom.verify.company import Company

from lab.trial import Money
from loadgen.charges import GOODS, ChargeBook

TIES = Money(modulo=400, remainder=200, reversed=True)
Rule = Callable[[list[str]], Decimal]
CENT, RATE = Decimal("0.01"), Decimal("0.0725")


def per_line(nets: list[str]) -> Decimal:
    return sum((Decimal(n) + (Decimal(n) * RATE).quantize(CENT, ROUND_HALF_UP) for n in nets), Decimal(0))


def to_even(nets: list[str]) -> Decimal:
    return sum((Decimal(n) + (Decimal(n) * RATE).quantize(CENT, ROUND_HALF_EVEN) for n in nets), Decimal(0))


def once_an_invoice(nets: list[str]) -> Decimal:
    total = sum(map(Decimal, nets))
    return (total + total * RATE).quantize(CENT, ROUND_HALF_UP)


def in_binary(nets: list[str]) -> Decimal:
    return Decimal(f"{sum(float(n) + round(float(n) * 0.0725, 2) for n in nets):.2f}")


class Billing:
    """Billing and the processor in one; `key` is what makes a charge the same one."""

    def __init__(
        self,
        rule: Rule = per_line,
        key: Callable[[str, Decimal], object] = lambda key, _: key,
        *,
        processor: Rule = per_line,
        twice: bool = False,
        careless: bool = False,
    ) -> None:
        self.rule, self.key, self.processor = rule, key, processor
        self.twice, self.careless = twice, careless
        self.charges: dict[object, dict] = {}
        self.book: dict[str, Decimal] = {}
        self.balances: dict[str, Decimal] = {f"a-{n:03d}": Decimal(0) for n in range(1, 201)}
        self.lock = threading.Lock()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            return self.answer(request)

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.startswith("/accounts/"):
            return httpx.Response(200, json={"balance": str(self.balances[path.split("/")[2]])})
        if path.startswith("/book/"):
            cents = self.book.get(path.split("/")[2])
            return httpx.Response(404) if cents is None else httpx.Response(200, json={"amount": f"{cents:.2f}"})
        try:
            body, key = json.loads(request.content), request.headers["idempotency-key"]
            nets = [line["net"] for line in body["lines"]]
            if not self.careless:
                assert nets and all(isinstance(n, str) and Decimal(n) > 0 and Decimal(n) * 100 % 1 == 0 for n in nets)
            amount = self.rule(nets)
        except Exception:
            return problem(500 if self.careless else 422)
        account = body["account"]
        if account not in self.balances:
            return problem(404)
        same = self.key(key, amount)
        new = same not in self.charges
        if new:
            self.charges[same] = {"charge_id": uuid.uuid4().hex, "account": account, "amount": f"{amount:.2f}"}
            self.book.setdefault(key, self.processor(nets))
        if new or self.twice:
            self.balances[account] += amount
        if self.charges[same]["account"] != account:
            return problem(409)
        return httpx.Response(201 if new else 200, json=self.charges[same])


def problem(status: int) -> httpx.Response:
    content = json.dumps({"status": status, "detail": "No; do something else."}).encode()
    return httpx.Response(status, content=content, headers={"content-type": "application/problem+json"})


def failed(billing: Billing, monkeypatch: pytest.MonkeyPatch, *, incident: bool = True) -> list[str]:
    monkeypatch.setattr(charges, "RELAYED_WITHIN", 0.3)
    urls = {"billing": "http://billing", "processor": "http://processor"}
    with Company(urls, "", transport=httpx.MockTransport(billing)) as company:
        found = list(charges.check(company, random.Random(7), TIES if incident else None))
    return [check.name for check in found if not check.passed]


def test_a_right_billing_passes(monkeypatch):
    assert failed(Billing(), monkeypatch) == []


@pytest.mark.parametrize("rule", [to_even, once_an_invoice, in_binary])
def test_an_amount_that_is_a_cent_off_is_found(monkeypatch, rule):
    assert "charges with a wrong amount or no answer" in failed(Billing(rule), monkeypatch)


def test_without_ties_binary_amounts_pass_so_that_another_incident_is_not_judged_by_this_one(monkeypatch):
    assert failed(Billing(in_binary), monkeypatch, incident=False) == []


def test_a_key_that_is_one_only_with_its_sum_is_found(monkeypatch):
    def summed(nets: list[str]) -> Decimal:  # in binary the order of the lines matters
        return Decimal(sum(float(n) * 1.0725 for n in nets))

    names = failed(Billing(summed, lambda key, amount: (key, amount)), monkeypatch)
    assert "charges sent again and not recognised" in names


def test_each_call_a_charge_of_its_own_is_found(monkeypatch):
    names = failed(Billing(key=lambda *_: object()), monkeypatch)
    assert "keys from 50 callers at once: answers that are off" in names
    assert "charges sent again and not recognised" in names


def test_a_second_charge_for_a_key_is_found(monkeypatch):
    names = failed(Billing(key=lambda key, amount: (key, amount)), monkeypatch)
    assert names == ["charges for a key that names another one"]


def test_a_processor_with_another_amount_is_found(monkeypatch):
    names = failed(Billing(processor=once_an_invoice), monkeypatch)
    assert names == ["charges that the processor has not, or with another amount"]


def test_a_balance_that_moves_twice_is_found(monkeypatch):
    assert failed(Billing(twice=True), monkeypatch) == ["a balance that has moved by something else than the charge"]


def test_bad_input_that_breaks_it_is_found(monkeypatch):
    assert failed(Billing(careless=True), monkeypatch) == ["bad charges that were not refused with a sentence"]


def test_an_invoice_of_the_incident_has_ties_and_another_none():
    rng = random.Random(1)
    assert all(any(net % 400 == 200 for net in draw(rng, TIES).nets) for _ in range(50))
    assert not any(net % 400 == 200 for _ in range(50) for net in draw(rng, None).nets)


def test_an_invoice_looks_as_the_customers():
    rng = random.Random(1)
    drawn = draw(rng, TIES)
    book = ChargeBook(rng, (drawn.account,), lines=(8, 8), whole_units=0.5, retries=0, shuffled=False)
    theirs = book.draw()
    assert str(uuid.UUID(drawn.key)) == drawn.key and str(uuid.UUID(theirs.key)) == theirs.key
    assert charges.GOODS == GOODS
    assert {*drawn.body} == {*theirs.body()} and {*drawn.body["lines"][0]} == {*theirs.body()["lines"][0]}


def test_no_key_is_told_from_a_customers(monkeypatch):
    asked = []

    class Watching(Billing):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            asked.append(request.headers.get("idempotency-key"))
            return super().__call__(request)

    assert failed(Watching(), monkeypatch) == []
    keys = {key for key in asked if key}
    assert keys and all(str(uuid.UUID(key)) == key for key in keys)
