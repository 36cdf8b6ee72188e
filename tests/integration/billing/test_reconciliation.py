import random
from decimal import Decimal

import pytest
from prometheus_client import REGISTRY

from .conftest import wait_until

SHUFFLED = ("12.35", "12.10", "99.77")  # with their taxes they sum to another float when reversed


def gauge(name: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"service": "processor"})


def healthy(rng: random.Random) -> list[str]:
    cents = [c for c in (rng.randint(101, 89_999) for _ in range(4)) if c % 400 != 200]
    return [f"{c // 100}.{c % 100:02d}" for c in cents] or ["4"]


def level(company, state) -> None:
    entries = [
        {"charge_key": d["charge_key"], "account": d["account"], "amount": d["compensating"], "reason": "levelled"}
        for d in state["differing"]
    ]
    request = {"idempotency_key": "level-1", "entries": entries}
    before = company.sql("SELECT * FROM billing.book ORDER BY 1"), company.balance()
    dry = company.billing.post("/adjustments", json={**request, "dry_run": True})
    assert dry.status_code == 200, dry.text
    assert (company.sql("SELECT * FROM billing.book ORDER BY 1"), company.balance()) == before
    assert company.compared()["differing"] == state["differing"]
    done = company.billing.post("/adjustments", json={**request, "dry_run": False})
    assert done.status_code == 201, done.text
    assert done.json() == {**dry.json(), "dry_run": False}
    assert company.balance() == {a["account"]: a["after"] for a in done.json()["accounts"]}["a-001"]


def test_books_are_equal_for_healthy_traffic_with_replays(company):
    rng = random.Random(5)
    for n in range(60):
        nets = healthy(rng)
        for _ in range(rng.choice([1, 1, 1, 2])):
            company.charge(f"k-{n}", *nets)
    state = company.reconciled()
    assert (state["difference_cents"], state["differing_charges"], state["differing"]) == (0, 0, [])
    assert state["watermark"] == company.sql("SELECT max(position) FROM billing.book")[0][0]
    assert company.sql("SELECT count(*) FROM processor.charges") == [(60,)]


def test_ties_differ_by_a_cent_each_until_they_are_levelled(company):
    company.charge("tie-1", "2")
    company.charge("tie-3", "2", "6", "10")
    company.charge("fine", "4", "8.01")
    state = company.reconciled()
    assert [(d["charge_key"], d["billing"], d["processor"], d["compensating"]) for d in state["differing"]] == [
        ("tie-1", "2.14", "2.15", "0.01"),
        ("tie-3", "19.29", "19.32", "0.03"),
    ]
    assert (state["difference_cents"], state["differing_charges"]) == (4, 2)
    wait_until(lambda: gauge("ledger_difference_cents") == 4, "the gauge to show it")
    assert gauge("ledger_differing_charges") == 2
    level(company, state)
    assert company.reconciled()["difference_cents"] == 0
    wait_until(lambda: gauge("ledger_difference_cents") == 0, "the gauge to go down")


def test_lines_sent_again_in_another_order(company):
    first = company.charge("k-1", *SHUFFLED)
    second = company.charge("k-1", *reversed(SHUFFLED))
    assert second.json()["charge_id"] != first.json()["charge_id"]
    state = company.reconciled()
    amount = Decimal(first.json()["amount"])
    assert state["differing"] == [
        {
            "charge_key": "k-1",
            "account": "a-001",
            "billing": str(2 * amount),
            "processor": str(amount),
            "compensating": str(-amount),
            "position": state["differing"][0]["position"],
        }
    ]
    level(company, state)
    assert company.reconciled()["differing"] == []
    assert company.balance() == str(amount)


def test_a_charge_on_its_way_is_no_difference(company):
    company.charge("k-0", "4")
    company.reconciled()
    company.to_processor.up = False
    company.charge("k-1", "4")
    (position,) = company.sql("SELECT position FROM billing.book WHERE charge_key = 'k-1'")[0]
    state = company.compared()
    assert (state["difference_cents"], state["watermark"]) == (0, position - 1)
    company.stop("processor")
    company.start_processor()
    assert company.compared()["difference_cents"] == 0
    company.to_processor.up = True
    state = company.reconciled()
    assert (state["difference_cents"], state["watermark"]) == (0, position)


def test_a_charge_that_never_arrives_becomes_a_difference(company):
    company.charge("k-1", "4")
    company.reconciled()
    company.to_processor.up = False
    company.charge("k-2", "8")
    company.compared()
    company.an_hour_passes()
    state = company.compared()
    assert [(d["charge_key"], d["compensating"]) for d in state["differing"]] == [("k-2", "-8.58")]
    company.stop("processor")
    company.start_processor()
    assert company.compared()["difference_cents"] == 858, "known differences survive a restart"
    company.to_processor.up = True
    assert company.reconciled()["difference_cents"] == 0, "it came after all"


def test_a_backlog_is_no_difference_while_it_is_worked_off(company):
    company.to_processor.up = False
    for n in range(4):
        company.charge(f"k-{n}", "4")
    company.compared()
    line = {"description": "Freight", "net": "4"}
    company.processor.post("/charges", json={"idempotency_key": "k-0", "account": "a-001", "lines": [line]})
    company.an_hour_passes(relay_rests=False)
    assert company.compared()["difference_cents"] == 0, "the relay has come as far as k-0 a moment ago"
    company.processor.post("/charges", json={"idempotency_key": "k-2", "account": "a-001", "lines": [line]})
    assert [d["charge_key"] for d in company.compared()["differing"]] == ["k-1"], "the relay has passed k-1"


def test_after_an_outage_everybody_gets_time_to_catch_up(company):
    company.to_processor.up = False
    company.charge("k-1", "4")
    company.compared()
    company.stop("processor")
    company.an_hour_passes()
    company.sql("UPDATE processor.progress SET as_of = as_of - interval '1 hour'")
    company.start_processor()
    assert company.compared()["difference_cents"] == 0


def test_a_charge_that_billing_does_not_know(company):
    line = {"description": "Freight", "net": "4"}
    company.processor.post("/charges", json={"idempotency_key": "k-x", "account": "a-001", "lines": [line]})
    assert company.compared()["difference_cents"] == 0
    company.an_hour_passes()
    state = company.compared()
    assert [(d["billing"], d["processor"], d["compensating"]) for d in state["differing"]] == [("0.00", "4.29", "4.29")]
    level(company, state)
    assert company.reconciled()["difference_cents"] == 0


def test_the_gauges_stay_while_billing_is_away(company, caplog):
    company.charge("tie", "2")
    company.reconciled()
    wait_until(lambda: gauge("ledger_difference_cents") == 1, "the gauge to show it")
    company.to_billing.up = False
    wait_until(lambda: "reconciliation stands still" in caplog.messages, "the log line")
    assert gauge("ledger_difference_cents") == 1
    stamp = gauge("ledger_reconciled_timestamp_seconds")
    company.stop("processor")
    company.start_processor()
    wait_until(lambda: caplog.messages.count("reconciliation stands still") == 2, "the new process's log line")
    assert gauge("ledger_difference_cents") == 1
    assert gauge("ledger_reconciled_timestamp_seconds") == stamp
    company.to_billing.up = True
    company.charge("tie-2", "2")
    assert company.reconciled()["difference_cents"] == 2
    wait_until(lambda: gauge("ledger_reconciled_timestamp_seconds") > stamp, "a newer comparison")


def test_a_restart_reads_on_where_it_was(company):
    for n in range(3):
        company.charge(f"tie-{n}", "2")
    company.reconciled()
    company.stop("processor")
    company.start_processor()
    company.charge("tie-3", "2")
    assert company.reconciled()["difference_cents"] == 4


def test_differences_come_by_the_page(company):
    for n in range(5):
        company.charge(f"tie-{n}", "2")
    company.reconciled()
    keys, after = [], ""
    while after is not None:
        page = company.processor.get("/reconciliation", params={"after": after, "limit": 2}).json()
        assert page["difference_cents"] == 5
        keys += [d["charge_key"] for d in page["differing"]]
        after = page["next"]
    assert keys == [f"tie-{n}" for n in range(5)]


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b'{"entries": [{"position": 1, "charge_key": "k", "account": "a", "amount": "NaN"}]}',
        b'{"entries": [{"position": 0, "charge_key": "k", "account": "a", "amount": "1"}]}',
    ],
)
def test_a_book_that_makes_no_sense_is_not_taken_over(company, caplog, monkeypatch, body):
    import httpx

    monkeypatch.setattr(
        company.to_billing,
        "get",
        lambda *_, **__: httpx.Response(200, content=body, request=httpx.Request("GET", "http://billing/book")),
    )
    wait_until(lambda: "reconciliation stands still" in caplog.messages, "the log line")
    assert company.sql("SELECT count(*) FROM processor.comparison") == [(0,)]


def test_a_tick_stays_cheap_with_many_charges_behind(company):
    company.sql(
        "INSERT INTO processor.comparison"
        " (idempotency_key, account, billing_cents, processor_cents, first_position, last_position, received)"
        " SELECT 'old-' || n, 'a-001', 429, 429, n, n, true FROM generate_series(1, 30000) AS n"
    )
    company.sql("ANALYZE processor.comparison")
    plan = "\n".join(row[0] for row in company.sql("EXPLAIN SELECT sum(abs(difference)) FROM processor.differing"))
    assert "comparison_unequal" in plan
    plan = "\n".join(
        row[0] for row in company.sql("EXPLAIN SELECT max(first_position) FROM processor.comparison WHERE received")
    )
    assert "comparison_received" in plan
