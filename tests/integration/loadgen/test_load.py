"""The load as a process: what it asks for, what it counts, and that it does not slow down with its company."""

import re

from tests.integration.loadgen.standin import eventually

CHECKOUT_TIMEOUTS = (
    'customer_request_duration_seconds_count{profile="flash-sale",route="/orders",service="checkout",status="timeout"}'
)


def asked(load, profile: str) -> float:
    return load.sample(f'customer_requests_asked_total{{profile="{profile}"}}')


def sent(load, profile: str) -> float:
    return load.sample(f'customer_requests_sent_total{{profile="{profile}"}}')


def test_healthy_begins_by_itself_and_asks_every_service(company, start_load):
    load = start_load(LAB_HEALTHY="1")
    paths = eventually(
        lambda: len(company.requests) > 50 and {path.split("?")[0].split("/")[1] for _, path, _, _ in company.requests},
        "50 requests arrived",
    )
    assert paths == {"charges", "accounts", "orders", "stock", "promotions"}
    figures = load.figures("healthy")
    assert figures["running"] and figures["failure_ratio"] == 0


def test_the_offered_rate_does_not_fall_when_nobody_answers(company, start_load):
    company.answering.clear()
    load = start_load(TIMEOUT_S="30")
    load.post("/profiles/healthy/start", {"checkouts": 40})
    eventually(lambda: asked(load, "healthy") >= 400, "400 customers came to a company that answers nobody")
    assert sent(load, "healthy") > 0.8 * asked(load, "healthy")  # less than all only where this process itself was late
    assert load.figures("healthy")["p99_s"] is None
    assert load.healthy()


def test_customers_beyond_the_cap_are_counted_and_turned_away(company, start_load):
    company.answering.clear()
    load = start_load(MAX_OUTSTANDING="10", TIMEOUT_S="30")
    load.post("/profiles/flash-sale/start", {"size": 25})
    eventually(lambda: asked(load, "flash-sale") == 25, "the burst came")
    assert sent(load, "flash-sale") == 10


def test_a_customer_who_gives_up_is_a_timeout(company, start_load):
    company.answering.clear()
    load = start_load(TIMEOUT_S="0.5")
    load.post("/profiles/flash-sale/start", {"size": 12})
    eventually(lambda: load.sample(CHECKOUT_TIMEOUTS) == 12, "12 customers gave up")
    assert load.figures("flash-sale")["failure_ratio"] == 1


def test_an_accepted_order_is_followed_until_it_is_placed(company, start_load):
    company.accept_orders_first = True
    load = start_load()
    load.post("/profiles/flash-sale/start", {"size": 3})
    placed = CHECKOUT_TIMEOUTS.replace("timeout", "201")
    eventually(lambda: load.sample(placed) == 3, "three orders were placed")
    asked_after = [path for command, path, *_ in company.requests if command == "GET"]
    assert len(asked_after) == 3 * (3 + 1)  # three times it was not yet


def test_every_request_of_a_burst_is_one_trace_that_was_exported(company, start_load):
    load = start_load()
    load.post("/profiles/flash-sale/start", {"size": 300})
    eventually(lambda: asked(load, "flash-sale") == 300, "the burst came")
    # less than 300 only where this process itself was late
    eventually(lambda: len(company.spans) == sent(load, "flash-sale") > 0, "a span of each was exported")
    received = {headers["traceparent"].split("-")[1] for _, _, headers, _ in company.requests}
    exported = {span.trace_id.hex() for _, span in company.spans}
    assert received == exported and len(received) == len(company.spans)
    resource, span = company.spans[0]
    assert {a.key: a.value.string_value for a in resource.attributes}["service.name"] == "customers"
    assert span.name == "POST /orders"
    exemplars = set(re.findall(r'trace_id="([0-9a-f]{32})"', load.metrics()))
    assert exemplars and exemplars <= exported


def test_profiles_are_added_and_taken_away(company, start_load):
    load = start_load()
    for _ in range(2):  # idempotent
        assert load.post("/profiles/batch-export/start", {"interval_s": 0.2}) == (
            200,
            {"profile": "batch-export", "running": True},
        )
    eventually(lambda: len(company.requests) >= 3, "exports were asked for")
    for _ in range(2):
        assert load.post("/profiles/batch-export/stop")[1] == {"profile": "batch-export", "running": False}
    before = asked(load, "batch-export")
    load.post("/profiles/flash-sale/start", {"size": 5})
    eventually(lambda: asked(load, "flash-sale") == 5, "another profile runs")
    assert asked(load, "batch-export") == before
    assert not load.figures("batch-export")["running"]


REFUSED = [
    ("/profiles/none/start", None, {}, 404),
    ("/profiles/none/stop", None, {}, 404),
    ("/profiles/flash-sale/start", {"size": -1}, {}, 422),
    ("/profiles/flash-sale/start", [1], {}, 400),
    ("/profiles/flash-sale/start", None, {"Origin": "http://elsewhere.example"}, 403),
    ("/swarm", None, {}, 409),
]


def test_what_is_refused(start_load):
    load = start_load()
    for path, body, headers, status in REFUSED:
        code, problem = load.post(path, body, headers)
        assert code == status == problem["status"], path
        assert problem["detail"]
    assert not load.figures("flash-sale")["running"]
