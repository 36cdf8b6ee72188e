"""Whatever billing was sent, no charge is lost, doubled or half made."""

import hashlib
import json
import re
from decimal import Decimal
from itertools import count

import httpx
import psycopg
from schemathesis import Case, GenerationMode

from tests.integration.fuzz.fuzzing import fuzz
from tests.processes import Service, eventually

# Prices of which the tax has no fraction of a cent.
PRICES = ["4.00", "120", "8.0", "1996.00"]
AMOUNT = re.compile(r"[0-9]{1,10}(\.[0-9]{1,2})?")
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")


def off_the_price_list(case: Case) -> None:
    """Makes the amounts those of the price list, the account one that exists, the key one of the content's own, and
    adjustments dry runs."""
    if not isinstance(case.body, dict):
        return
    lines = case.body.get("lines")
    for number, line in enumerate(lines if isinstance(lines, list) else []):
        if isinstance(line, dict) and AMOUNT.fullmatch(str(line.get("net"))):
            line["net"] = PRICES[number % len(PRICES)]
    if isinstance(case.body.get("account"), str):
        case.body["account"] = "a-017"
    if KEY.fullmatch(str(case.headers.get("Idempotency-Key"))):
        content = json.dumps(case.body, sort_keys=True, default=repr)
        case.headers["Idempotency-Key"] = hashlib.sha256(content.encode()).hexdigest()
    if "entries" in case.body:
        case.body["dry_run"] = True


def test_the_books_agree_after_charges_and_are_levelled_after_adjustments(
    company: dict[str, Service], books: str
) -> None:
    billing, processor = company["billing"], company["processor"]
    for mode in GenerationMode:
        fuzz(billing, mode, edit=off_the_price_list)
    fuzz(billing, GenerationMode.POSITIVE, edit=off_the_price_list, only="/charges", times=2)
    settle(processor, books)
    state = httpx.get(f"{processor.url}/reconciliation").json()
    assert (state["difference_cents"], state["differing_charges"], state["differing"]) == (0, 0, [])
    charges, booked, balances, received = totals(books)
    assert charges > 5
    assert booked == balances == received

    for mode in GenerationMode:
        fuzz(billing, mode, only="/adjustments")
    settle(processor, books)
    level(billing, processor)
    settle(processor, books)
    state = httpx.get(f"{processor.url}/reconciliation").json()
    assert (state["difference_cents"], state["differing"]) == (0, [])
    charges_after, booked, balances, received = totals(books)
    assert charges_after == charges
    assert booked == balances == received


def settle(processor: Service, books: str) -> None:
    """Waits until the processor has compared everything that billing's book has."""

    def settled() -> bool:
        with psycopg.connect(books) as connection:
            last = connection.execute("SELECT coalesce(max(position), 0) FROM billing.book").fetchone()[0]
        return httpx.get(f"{processor.url}/reconciliation").json()["watermark"] == last

    eventually(settled, "billing's book is reconciled to its end")


def totals(books: str) -> tuple[int, Decimal, Decimal, Decimal]:
    """Charges, and the money of billing's book, of its accounts' balances, and of the processor's book."""
    with psycopg.connect(books) as connection:
        return connection.execute(
            """
            SELECT (SELECT count(*) FROM billing.charges), (SELECT sum(amount) FROM billing.book),
                   (SELECT sum(balance) FROM billing.accounts),
                   (SELECT round(sum(cents) / 100.0, 2) FROM processor.charges)
            """
        ).fetchone()


def level(billing: Service, processor: Service) -> None:
    """Posts the adjustments that the reconciliation names."""
    after = ""
    for number in count():
        page = httpx.get(f"{processor.url}/reconciliation", params={"after": after}).json()
        entries = [
            {
                "charge_key": each["charge_key"],
                "account": each["account"],
                "amount": each["compensating"],
                "reason": "books level after fuzzing",
            }
            for each in page["differing"]
        ]
        if entries:
            body = {"idempotency_key": f"level-{number}", "dry_run": False, "entries": entries}
            httpx.post(f"{billing.url}/adjustments", json=body).raise_for_status()
        if page["next"] is None:
            return
        after = page["next"]
