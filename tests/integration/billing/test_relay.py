"""Nothing that was committed is lost on the way to the processor, and nothing arrives twice."""

from .conftest import wait_until


def processed(company) -> list[tuple]:
    return company.sql("SELECT idempotency_key, cents FROM processor.charges ORDER BY 1")


def test_charges_reach_the_processor(company):
    company.charge("k-1", "2.00", "4.00")
    wait_until(lambda: processed(company), "the charge to arrive")
    book = company.processor.get("/book/k-1").json()
    assert (book["account"], book["amount"]) == ("a-001", "6.44")


def test_a_crash_between_commit_and_relay_loses_nothing(company):
    company.to_processor.up = False
    for n in range(5):
        company.charge(f"k-{n}", "4")
    company.stop("billing")
    company.to_processor.up = True
    assert processed(company) == []
    company.start_billing()
    state = company.reconciled()
    assert processed(company) == [(f"k-{n}", 429) for n in range(5)]
    assert state["difference_cents"] == 0


def test_a_lost_answer_is_sent_again_and_charged_once(company):
    company.to_processor.loses_answers = True
    company.charge("k-1", "4")
    wait_until(lambda: company.to_processor.requests >= 2, "the relay to try again")
    company.to_processor.loses_answers = False
    assert company.reconciled()["difference_cents"] == 0
    assert processed(company) == [("k-1", 429)]


def test_a_message_the_processor_refuses_is_kept_and_holds_up_nobody(company):
    company.sql("INSERT INTO billing.outbox (idempotency_key, account, lines) VALUES ('bad', 'a-001', '[]')")
    company.charge("k-1", "4")
    wait_until(lambda: processed(company) == [("k-1", 429)], "the charge behind it to arrive")
    assert company.sql("SELECT idempotency_key FROM billing.outbox WHERE refused_at IS NOT NULL") == [("bad",)]


def test_a_charge_on_which_the_processor_fails_holds_up_nobody_and_comes_later(company):
    company.to_processor.fails_on["k-1"] = 500
    for n in (1, 2, 3):
        company.charge(f"k-{n}", "4")
    wait_until(lambda: processed(company) == [("k-2", 429), ("k-3", 429)], "the charges behind it to arrive")
    assert company.compared()["difference_cents"] == 0, "it is on its way"
    company.an_hour_passes(relay_rests=False)
    assert [row["charge_key"] for row in company.compared()["differing"]] == ["k-1"], "it has been waited for"
    company.to_processor.fails_on.clear()
    assert company.reconciled()["difference_cents"] == 0
    assert processed(company) == [("k-1", 429), ("k-2", 429), ("k-3", 429)]


def test_nothing_is_passed_on_out_of_order_while_the_processor_takes_nothing(company):
    company.to_processor.fails_on["k-1"] = 503
    company.charge("k-1", "4")
    company.charge("k-2", "4")
    wait_until(lambda: company.to_processor.requests >= 3, "the relay to try three times")
    assert processed(company) == []
    company.to_processor.fails_on.clear()
    assert company.reconciled()["difference_cents"] == 0


def test_an_idle_relay_rests(company):
    company.to_processor.up = False
    company.charge("k-1", "4")
    wait_until(lambda: company.to_processor.requests >= 3, "the relay to try three times")
    # It waits 0.25 s, 0.5 s, 1 s, …; had it not waited there would be thousands by now.
    assert company.to_processor.requests < 10


def test_the_post_belongs_to_the_trace_of_the_charge(company):
    trace = "0af7651916cd43dd8448eb211c80319c"
    company.to_processor.up = False
    company.billing.post(
        "/charges",
        headers={"Idempotency-Key": "k-1", "traceparent": f"00-{trace}-b7ad6b7169203331-01"},
        json={"account": "a-001", "lines": [{"description": "Freight", "net": "4"}]},
    )
    ((traceparent,),) = company.sql("SELECT traceparent FROM billing.outbox")
    assert traceparent.split("-")[1] == trace
