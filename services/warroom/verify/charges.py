"""Billing's promises: amounts to the cent, a key that charges once, and a processor that has the same."""

import random
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import partial

from lab.drill.verdict import Check, Of, at_most
from lab.trial import Money
from warroom.verify.company import Answer, Company, at_once

TAX = Decimal("0.0725")  # docs/team-spec.md
GOODS = ("Freight", "Storage", "Handling", "Packaging", "Insurance", "Customs", "Returns", "Support")
LINES = 8
CHARGES = 6
AT_ONCE = 50
KEYS_AT_ONCE = 3
RELAYED_WITHIN = 8.0  # seconds
BALANCE_TRIES = 4  # other customers charge the same accounts
REFUSED: tuple[dict, ...] = (
    {"net": "-1.00"},
    {"net": "NaN"},
    {"net": "1e400"},
    {"net": "1.005"},
    {"net": "0"},
    {"net": 12.34},
    {"net": None},
)


@dataclass(frozen=True)
class Invoice:
    key: str
    account: str
    nets: tuple[int, ...]  # cents

    @property
    def body(self) -> dict:
        lines = [{"description": GOODS[net % len(GOODS)], "net": shown(net)} for net in self.nets]
        return {"account": self.account, "lines": lines}

    @property
    def due(self) -> int:
        """Cents with tax: half up, to the cent, per line."""
        return sum(net + int((net * TAX).quantize(Decimal(1), ROUND_HALF_UP)) for net in self.nets)

    def retried(self, money: Money | None) -> "Invoice":
        """As the incident's customers send it again, or any."""
        return Invoice(self.key, self.account, self.nets[::-1]) if money and money.reversed else self


def shown(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def new_key() -> str:
    """As the customers make theirs: who is treated otherwise than they are verifies nothing."""
    return str(uuid.uuid4())


def draw(rng: random.Random, money: Money | None) -> Invoice:
    """Half of its lines are of the incident's kind, where money was the incident, and none otherwise."""
    special: list[int] = []
    if money:
        special = [rng.randrange(1, 200) * money.modulo + money.remainder for _ in range(LINES // 2)]
    plain = [rng.randrange(1, 20_000) * 4 + 1 for _ in range(LINES - len(special))]
    nets = special + plain
    rng.shuffle(nets)
    return Invoice(new_key(), f"a-{rng.randrange(1, 201):03d}", tuple(nets))


def check(company: Company, rng: random.Random, money: Money | None) -> Iterator[Check]:
    """`money` says which charges went wrong in the incident; these are then asked for, and failing is its own. Of what
    the code did with them, a fix of something else may leave all as it was."""
    of = Of.INCIDENT if money else Of.PROMISE
    invoices = [draw(rng, money) for _ in range(CHARGES)]
    first = at_once([partial(_post, company, one) for one in invoices])
    wrong = sum(not _is(answer, 201, one.due) for one, answer in zip(invoices, first, strict=True))
    yield at_most("charges with a wrong amount or no answer", of, wrong, 0, "charges")
    again = at_once([partial(_post, company, one.retried(money)) for one in invoices])
    not_same = sum(not _replayed(one, other) for one, other in zip(first, again, strict=True))
    yield at_most("charges sent again and not recognised", of, not_same, 0, "charges")
    yield _once(company, [draw(rng, money) for _ in range(KEYS_AT_ONCE)], money, of)
    if money:
        yield _other_lines(company, draw(rng, money), of)
    yield _processor_has(company, invoices, of)
    yield _balance_moves(company, rng, money)
    yield _refusals(company, invoices[0])


def _post(company: Company, invoice: Invoice) -> Answer:
    return company.call("billing", "POST", "/charges", invoice.body, headers={"Idempotency-Key": invoice.key})


def _is(answer: Answer, status: int, cents: int) -> bool:
    return answer.status == status and answer.get("amount") == shown(cents)


def _replayed(first: Answer, again: Answer) -> bool:
    same = first.get("charge_id") == again.get("charge_id") and first.get("amount") == again.get("amount")
    return again.status == 200 and first.get("charge_id") is not None and same


def _once(company: Company, invoices: Sequence[Invoice], money: Money | None, of: Of) -> Check:
    """Keys that fifty callers have each, in the same moment."""
    off, new = 0, 0
    for invoice in invoices:
        sent = [invoice, invoice.retried(money)] * (AT_ONCE // 2)
        answers = at_once([lambda one=one: _post(company, one) for one in sent])
        fine = sum(_is(answer, answer.status, invoice.due) and answer.status in (200, 201) for answer in answers)
        created = sum(answer.status == 201 for answer in answers)
        charges = {answer.get("charge_id") for answer in answers}
        off += abs(created - 1) + (AT_ONCE - fine) + (len(charges) - 1)
        new += created
    note = f"{new} new charges for {len(invoices)} keys"
    return at_most(f"keys from {AT_ONCE} callers at once: answers that are off", of, off, 0, "answers", note)


def _other_lines(company: Company, invoice: Invoice, of: Of) -> Check:
    """A key names one charge: with other lines it is refused, or gets the answer of the first."""
    first = _post(company, invoice)
    again = _post(company, Invoice(invoice.key, invoice.account, (*invoice.nets, 101)))
    refused = 400 <= again.status < 500 and again.is_problem
    off = 0 if refused or _replayed(first, again) else 1
    return at_most("charges for a key that names another one", of, off, 0, "charges")


def _processor_has(company: Company, invoices: Sequence[Invoice], of: Of) -> Check:
    """Its book is its own: what billing says of itself does not count."""
    end = time.monotonic() + RELAYED_WITHIN
    missing = list(invoices)
    while missing and time.monotonic() < end:
        missing = [one for one in missing if not _is(_booked(company, one), 200, one.due)]
        time.sleep(0.25 if missing else 0)
    name = "charges that the processor has not, or with another amount"
    return at_most(name, of, len(missing), 0, "charges")


def _booked(company: Company, invoice: Invoice) -> Answer:
    return company.call("processor", "GET", f"/book/{invoice.key}")


def _balance_moves(company: Company, rng: random.Random, money: Money | None) -> Check:
    """By what is due, and not again when the charge is repeated."""
    of, off = Of.INCIDENT if money else Of.PROMISE, None
    for _ in range(BALANCE_TRIES):
        invoice = draw(rng, money)
        before = company.call("billing", "GET", f"/accounts/{invoice.account}").get("balance")
        _post(company, invoice)
        _post(company, invoice)
        after = company.call("billing", "GET", f"/accounts/{invoice.account}").get("balance")
        if before is None or after is None:
            continue
        off = int(abs((Decimal(str(after)) - Decimal(str(before))) * 100 - invoice.due))
        if off == 0:
            break
    return at_most("a balance that has moved by something else than the charge", of, off, 0, "cents")


def _refusals(company: Company, known: Invoice) -> Check:
    """Bad input is the caller's error, and changes nothing."""
    bodies = [{"account": known.account, "lines": [{"description": "Storage", **line}]} for line in REFUSED]
    bodies += [{"account": known.account, "lines": []}, {"account": known.account}, []]
    answers = [
        company.call("billing", "POST", "/charges", body, headers={"Idempotency-Key": new_key()}) for body in bodies
    ]
    answers.append(company.call("billing", "POST", "/charges", known.body))  # no key
    answers.append(
        company.call("billing", "POST", "/charges", headers={"Idempotency-Key": new_key()}, content=b'{"acc')
    )
    unknown = Invoice(new_key(), "a-nobody", known.nets)
    other = Invoice(known.key, "a-001" if known.account != "a-001" else "a-002", known.nets)
    taken = [_post(company, unknown).status != 404, _post(company, other).status != 409]
    wrong = sum(not (400 <= answer.status < 500 and answer.is_problem) for answer in answers) + sum(taken)
    return at_most("bad charges that were not refused with a sentence", Of.PROMISE, wrong, 0, "requests")
