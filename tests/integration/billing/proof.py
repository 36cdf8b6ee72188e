"""Puts one release of billing to the proof over a database in which the incident has been; prints what does not hold.

`python proof.py RELEASE DATABASE_URL INCIDENT`: the folder with the release's `billing`, the database of the release
before, and a JSON file with the charges that were placed there. What is held to has the names of the bank's conditions.
"""

import json
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
RATE = Decimal("0.0725")
CENT = Decimal("0.01")


def due(nets: list[str]) -> str:
    """By the team spec: half up, to the cent, per line."""
    return str(sum(Decimal(net) + (Decimal(net) * RATE).quantize(CENT, ROUND_HALF_UP) for net in nets).quantize(CENT))


def money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def invoice(rng: random.Random) -> list[str]:
    """As the import has them."""
    return [money(rng.choice([100 * rng.randint(1, 900), rng.randint(101, 89_999)])) for _ in range(rng.randint(6, 8))]


class Proof:
    """`failed` are the names of what did not hold."""

    def __init__(self, company: Any, incident: list[dict]) -> None:
        self._company = company
        self._incident = incident
        self._rng = random.Random(4)
        self._keys = 0
        self.failed: set[str] = set()
        self.placed: dict[str, list[str]] = {}

    def run(self) -> None:
        self._amounts()
        self._retries()
        self._at_once()
        self._charged()
        self._levelled()

    def _holds(self, name: str, done: object) -> None:
        if not done:
            self.failed.add(name)

    def _charge(self, key: str, nets: list[str], account: str = "a-009") -> Any:
        return self._company.charge(key, *nets, account=account)

    def _place(self, *nets: str, name: str = "valid-charge-refused") -> tuple[str, Any]:
        """The key and the answer; nothing more is asked of a charge that was not taken."""
        self._keys += 1
        key = f"proof-{self._keys}"
        answer = self._charge(key, list(nets))
        self._holds(name, answer.status_code == 201)
        if answer.status_code == 201:
            self.placed[key] = list(nets)
        return key, answer.json()

    def _exact(self, name: str, *nets: str) -> None:
        key, answer = self._place(*nets)
        self._holds(name, key not in self.placed or answer["amount"] == due(list(nets)))

    def _amounts(self) -> None:
        for whole in (2, 6, 10, 14, 26, 50, 54, 102, 334, 898):
            self._exact("half-cent-lines", f"{whole}.00")
        for net in ("268435458.00", "9000000002.00", "999999994.00"):
            self._exact("large-amounts", net)
        for _ in range(4):
            self._exact("per-line-rounding", *(money(self._rng.randrange(1, 20_000) * 4 + 1) for _ in range(8)))

    def _retries(self) -> None:
        drawn = [invoice(self._rng) for _ in range(75)]
        first = [(*self._place(*nets), nets) for nets in drawn]
        taken = [one for one in first if one[0] in self.placed]
        for key, answer, nets in taken[-12:]:
            self._again("retry-in-other-order", key, answer["charge_id"], nets)
        for key, answer, nets in taken[:10]:
            self._again("late-retry", key, answer["charge_id"], nets)
        for old in self._incident:
            self._again("retry-after-restart", old["key"], old["charge_id"], old["nets"], old["account"])
        nets = ["8.00", "12.10"]
        key, answer = self._place(*nets)
        for other in (["8.00"], ["8.00", "12.11"], [*nets, "4.00"]):
            again = self._charge(key, other)
            same = again.status_code == 200 and again.json() == answer
            self._holds("same-key-other-lines", same or again.status_code == 409)
        for other in (nets, ["4.00"]):
            again = self._charge(key, other, "a-010")
            self._holds("other-account", again.status_code == 409)

    def _again(self, name: str, key: str, charge: str, nets: list[str], account: str = "a-009") -> None:
        for other in (nets[::-1], self._rng.sample(nets, len(nets))):
            again = self._charge(key, other, account)
            self._holds(name, again.status_code == 200 and again.json()["charge_id"] == charge)

    def _at_once(self) -> None:
        """More than once: on a busy machine a crowd may queue up."""
        nets = ["12.35", "12.10", "99.77", "8.00"]
        for key in ("proof-once", "proof-one", "proof-at-once"):
            self.placed[key] = nets
            orders = [self._rng.sample(nets, len(nets)) for _ in range(50)]
            with ThreadPoolExecutor(50) as crowd:
                answers = list(crowd.map(lambda lines, key=key: self._charge(key, lines), orders))
            self._holds("fifty-at-once", sorted(answer.status_code for answer in answers) == [200] * 49 + [201])
            self._holds("fifty-at-once", len({answer.json().get("charge_id") for answer in answers}) == 1)

    def _charged(self) -> None:
        """What customers were charged, by PostgreSQL; and what they have to be."""
        right = {key: [Decimal(due(nets))] for key, nets in self.placed.items()}
        book: dict[str, list[Decimal]] = {}
        for key, amount in self._company.sql(
            "SELECT charge_key, amount FROM billing.book WHERE kind = 'charge' AND charge_key LIKE 'proof-%%'"
        ):
            book.setdefault(key, []).append(amount)
        self._holds("customers-amount", book == right)
        (total,) = self._company.sql("SELECT balance FROM billing.accounts WHERE id = 'a-009'")[0]
        self._holds("customers-amount", total == sum(amount for (amount,) in right.values()))
        self._company.to_processor.up = False
        self._place("4.00", name="processor-away")
        self._company.to_processor.up = True

    def _levelled(self) -> None:
        state = self._company.reconciled()
        self._holds("books", not [one for one in state["differing"] if one["charge_key"] in self.placed])
        processed = dict(self._company.sql("SELECT idempotency_key, cents FROM processor.charges"))
        exact = {key: int(Decimal(due(nets)) * 100) for key, nets in self.placed.items()}
        self._holds("processor", {key: processed.get(key) for key in exact} == exact)
        entries = [
            {"charge_key": one["charge_key"], "amount": one["compensating"], "reason": "levelled"}
            for one in state["differing"]
        ]
        if entries:
            request = {"idempotency_key": "level", "dry_run": False, "entries": entries}
            self._holds("books", self._company.billing.post("/adjustments", json=request).status_code == 201)
        self._holds("books", self._company.reconciled()["difference_cents"] == 0)


def main(release: str, database_url: str, incident: str) -> int:
    sys.path[:0] = [release, str(ROOT / "services"), str(ROOT)]
    from migrations import MigrationFailed, migrate

    from tests.integration.billing.conftest import Company

    try:
        migrate(database_url, "billing", Path(release) / "billing" / "migrations")
    except MigrationFailed:
        print(json.dumps(["data-of-the-incident"]))
        return 0
    company = Company(database_url)
    company.start_billing()
    company.start_processor()
    try:
        proof = Proof(company, json.loads(Path(incident).read_text()))
        proof.run()
    finally:
        company.close()
    print(json.dumps(sorted(proof.failed)))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
