"""What a burst does to the pools of workers."""

from concurrent.futures import Future, ThreadPoolExecutor

import psycopg
import pytest

from .conftest import until, workers

SERVICES = ("checkout", "inventory", "promotions")


def arrive_together(circle, checkout, customers: ThreadPoolExecutor, requests: int, size: int) -> list[Future]:
    """Sends orders so that all are inside checkout before the first of them can read its cart."""
    with psycopg.connect(circle.database_url) as connection:
        connection.execute("LOCK TABLE checkout.cart_items IN ACCESS EXCLUSIVE MODE")
        sent = [
            customers.submit(checkout.post, "/orders", json={"cart_id": f"c-{n:04}"}) for n in range(1, requests + 1)
        ]
        arrived = {"in_use": min(requests, size), "waiting": max(0, requests - size)}
        until(lambda: {name: workers("checkout")[name] for name in arrived} == arrived, "the arrival of all orders")
    return sent


def idle() -> bool:
    return all(workers(service)["in_use"] == workers(service)["waiting"] == 0 for service in SERVICES)


def test_fewer_orders_than_workers_are_all_placed(circle):
    checkout = circle.start(workers=4)
    with ThreadPoolExecutor(3) as customers:
        sent = arrive_together(circle, checkout, customers, requests=3, size=4)
        assert [reply.result().status_code for reply in sent] == [201, 201, 201]
    until(idle, "idleness")


def test_a_burst_larger_than_the_pool_waits_for_itself_until_the_time_outs(circle):
    timeouts = dict.fromkeys(("inventory_timeout", "promotions_timeout", "checkout_timeout"), 0.5)
    checkout = circle.start(workers=4, **timeouts)
    with ThreadPoolExecutor(12) as customers:
        sent = arrive_together(circle, checkout, customers, requests=12, size=4)
        until(lambda: workers("promotions")["in_use"] == 4, "four decisions that wait for their carts")
        assert workers("checkout")["in_use"] == workers("inventory")["in_use"] == 4
        replies = [reply.result() for reply in sent]

    timed_out = [reply for reply in replies if reply.status_code == 504]
    assert len(timed_out) >= 8
    assert {reply.headers["content-type"] for reply in timed_out} == {"application/problem+json"}
    placed = sum(reply.status_code == 201 for reply in replies)
    assert circle.sql("SELECT count(*) FROM checkout.orders") == [(placed,)]

    until(idle, "idleness")
    assert checkout.post("/orders", json={"cart_id": "c-0001"}).status_code == 201


@pytest.mark.parametrize("service", SERVICES)
def test_the_gauges_show_the_configured_size(circle, service):
    circle.start(workers=5)
    assert workers(service) == {"size": 5, "in_use": 0, "waiting": 0}
