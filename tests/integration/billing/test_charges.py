import random
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import psycopg
import pytest
from billing import book

from .conftest import wait_until


def test_a_charge_is_placed_once_and_replayed(company):
    first = company.charge("k-1", "12.34", "4")
    assert first.status_code == 201
    assert first.json() == {"charge_id": first.json()["charge_id"], "account": "a-001", "amount": "17.52"}
    again = company.charge("k-1", "12.34", "4")
    assert again.status_code == 200
    assert again.json() == first.json()
    assert company.balance() == "17.52"
    assert company.billing.get(f"/charges/{first.json()['charge_id']}").json() == first.json()
    assert company.sql("SELECT line, net, tax FROM billing.charge_lines ORDER BY line") == [
        (1, Decimal("12.34"), Decimal("0.89")),
        (2, Decimal("4.00"), Decimal("0.29")),
    ]


def test_a_key_of_another_account_is_refused(company):
    company.charge("k-1", "12.34")
    other = company.charge("k-1", "12.34", account="a-002")
    assert other.status_code == 409
    assert "k-1" in other.json()["detail"]
    assert company.balance("a-002") == "0.00"


def test_fifty_at_once_charge_once(company):
    with ThreadPoolExecutor(50) as crowd:
        answers = list(crowd.map(lambda _: company.charge("k-1", "12.34", "56.78"), range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [201]
    assert len({answer.json()["charge_id"] for answer in answers}) == 1
    assert company.balance() == answers[0].json()["amount"]
    assert company.reconciled()["difference_cents"] == 0


def test_concurrent_charges_and_adjustments_lose_nothing(company):
    for n in range(1, 5):
        company.charge(f"seed-{n}", "4", account=f"a-00{n}")

    def act(n: int):
        rng = random.Random(n)
        if n % 3:
            return company.charge(f"k-{n}", "8.00", account=f"a-00{rng.randint(1, 4)}")
        entries = [{"charge_key": f"seed-{i}", "amount": "0.01", "reason": "test"} for i in rng.sample(range(1, 5), 4)]
        return company.billing.post(
            "/adjustments", json={"idempotency_key": f"adj-{n}", "dry_run": False, "entries": entries}
        )

    with ThreadPoolExecutor(12) as crowd:
        answers = list(crowd.map(act, range(90)))
    assert {answer.status_code for answer in answers} == {201}
    books = dict(company.sql("SELECT account, sum(amount) FROM billing.book GROUP BY 1"))
    assert {account: Decimal(company.balance(account)) for account in books} == books
    assert sum(books.values()) == 4 * Decimal("4.29") + 60 * Decimal("8.58") + 30 * 4 * Decimal("0.01")


def test_the_book_shows_everything_in_order_by_the_page(company):
    for n in range(7):
        company.charge(f"k-{n}", "4")
    seen, after = [], 0
    while after is not None:
        page = company.billing.get("/book", params={"after": after, "limit": 3}).json()
        seen += page["entries"]
        after = page["next"]
    assert [entry["charge_key"] for entry in seen] == [f"k-{n}" for n in range(7)]
    assert seen[0] == {
        "position": seen[0]["position"],
        "kind": "charge",
        "charge_key": "k-0",
        "account": "a-001",
        "amount": "4.29",
        "at": seen[0]["at"],
    }


def test_a_reader_of_the_book_misses_nothing_that_is_written_meanwhile(company):
    """Positions are given out in the order of the commits, else a remembered one would skip a late commit."""
    seen: list[str] = []
    after = 0

    def read() -> None:
        nonlocal after
        while entries := company.billing.get("/book", params={"after": after, "limit": 5}).json()["entries"]:
            seen.extend(entry["charge_key"] for entry in entries)
            after = entries[-1]["position"]

    with ThreadPoolExecutor(8) as crowd:
        placed = [crowd.submit(company.charge, f"k-{n}", "4", account=f"a-{n % 50 + 1:03d}") for n in range(150)]
        while not all(charge.done() for charge in placed):
            read()
    read()
    assert sorted(seen) == sorted(f"k-{n}" for n in range(150))


def test_a_later_position_waits_for_the_commit_of_an_earlier_one(company):
    company.charge("k-1", "4")
    movement = book.Movement("adjustment", "k-1", "a-002", Decimal("1"))
    waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with psycopg.connect(company.database_url) as slow, ThreadPoolExecutor(1) as other:
        book.append(slow, [movement])
        charge = other.submit(company.charge, "k-2", "4")
        wait_until(lambda: company.sql(waiting), "the other writer to wait")
        slow.commit()
        assert charge.result().status_code == 201
    kinds = [row[0] for row in company.sql("SELECT kind FROM billing.book ORDER BY position")]
    assert kinds == ["charge", "adjustment", "charge"]


def test_the_book_can_not_be_changed(company):
    company.charge("k-1", "4")
    with pytest.raises(Exception, match="append-only"):
        company.sql("UPDATE billing.book SET amount = 0")
    with pytest.raises(Exception, match="append-only"):
        company.sql("DELETE FROM billing.book")


def test_what_is_not_there_is_a_404(company):
    assert company.charge("k-1", "4", account="a-999").status_code == 404
    assert company.billing.get("/accounts/nobody").status_code == 404
    assert company.billing.get("/charges/6dd1d9f8-55a5-4f39-9f5e-6e45b8b14f3c").status_code == 404
    assert company.processor.get("/book/k-1").status_code == 404
    assert company.sql("SELECT count(*) FROM billing.charges") == [(0,)]
