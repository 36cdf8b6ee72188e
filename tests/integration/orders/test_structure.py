"""What a page and an export cost in statements and calls, and who waits while an export is made."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.processes import Service, eventually


def cost(orders: Service, partner: Service) -> tuple[float, float]:
    """Statements that orders sent and calls that the partner got, so far."""
    return (
        orders.sample("db_client_operation_duration_seconds_count", operation="SELECT"),
        partner.sample("partner_requests_total"),
    )


def test_a_page_costs_one_statement_and_two_for_each_order(
    client: httpx.Client, orders: Service, partner: Service
) -> None:
    statements, calls = cost(orders, partner)
    client.get("/accounts/a-9/orders", params={"limit": 3}).raise_for_status()
    assert cost(orders, partner) == (statements + 1 + 3, calls + 3)


def test_an_export_costs_a_statement_for_each_account_and_order_and_a_call_for_each_order(
    client: httpx.Client, orders: Service, partner: Service
) -> None:
    statements, calls = cost(orders, partner)
    accounts = [f"a-{n}" for n in range(1, 8)]
    client.post("/exports", json={"accounts": accounts, "per_account": 5}).raise_for_status()
    assert cost(orders, partner) == (statements + 7 + 35, calls + 35)


def test_a_page_asked_for_during_an_export_comes_after_it_and_the_ops_port_answers_meanwhile(
    orders: Service, partner: Service
) -> None:
    export = {"accounts": [f"a-{n}" for n in range(1, 21)], "per_account": 10}
    slow_before = slow_pages(orders)
    _, before = cost(orders, partner)
    with ThreadPoolExecutor() as callers:
        exporting = callers.submit(httpx.post, f"{orders.url}/exports", json=export, timeout=30)
        eventually(lambda: cost(orders, partner)[1] > before + 10, "the export is under way")
        paging = callers.submit(httpx.get, f"{orders.url}/accounts/a-1/orders?limit=1", timeout=30)
        eventually(lambda: cost(orders, partner)[1] > before + 100, "the export is half made")
        assert orders.healthy()
        assert orders.sample("event_loop_lag_seconds") > 0.1
        eventually(paging.done, "the page is answered")
        assert cost(orders, partner)[1] == before + 201
        assert exporting.result().status_code == paging.result().status_code == 200
    assert slow_pages(orders) == slow_before


def slow_pages(orders: Service) -> float:
    """Pages that took more than half a second as the service itself saw it."""
    duration = "http_server_request_duration_seconds"
    return orders.sample(f"{duration}_count", method="GET") - orders.sample(
        f"{duration}_bucket", method="GET", le="0.5"
    )


def test_exports_that_nobody_waits_for_are_not_made(client: httpx.Client, orders: Service, partner: Service) -> None:
    accounts = [f"a-{n}" for n in range(1, 21)]
    body = {"accounts": accounts, "per_account": 10}
    _, before = cost(orders, partner)

    def abandon(_: int) -> None:
        try:
            httpx.post(f"{orders.url}/exports", json=body, timeout=0.5)
        except httpx.ReadTimeout:
            return
        raise AssertionError("the export was answered at once")

    with ThreadPoolExecutor() as callers:
        first = callers.submit(client.post, "/exports", json=body)
        eventually(lambda: cost(orders, partner)[1] > before + 10, "the first export is under way")
        list(callers.map(abandon, range(4)))
        assert first.result().status_code == 200
    client.get("/accounts/a-1/orders", params={"limit": 1}).raise_for_status()
    eventually(
        lambda: orders.sample("http_server_request_duration_seconds_count", route="/exports", status="499") == 4,
        "the abandoned exports are refused",
    )
    assert cost(orders, partner)[1] == before + 200 + 1
