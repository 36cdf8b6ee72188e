"""What a customer reads: the latest orders with their lines and shipments, and what is refused."""

from datetime import datetime
from decimal import Decimal

import httpx
import psycopg
import pytest

from tests.processes import Service


def test_a_page_has_the_latest_orders_newest_first(client: httpx.Client) -> None:
    page = client.get("/accounts/a-17/orders", params={"limit": 50}).json()
    assert page["account"] == "a-17"
    placed = [datetime.fromisoformat(order["placed_at"]) for order in page["orders"]]
    assert len(placed) == 40
    assert placed == sorted(placed, reverse=True)
    shorter = client.get("/accounts/a-17/orders", params={"limit": 3}).json()
    assert shorter["orders"] == page["orders"][:3]
    assert client.get("/accounts/a-17/orders").json()["orders"] == page["orders"][:10]


def test_an_order_has_all_its_lines_and_money_is_exact(client: httpx.Client, database: str) -> None:
    for order in client.get("/accounts/a-400/orders", params={"limit": 50}).json()["orders"]:
        with psycopg.connect(database) as connection:
            rows = connection.execute(
                "SELECT sku, quantity, unit_price, amount FROM orders.lines WHERE order_id = %s ORDER BY position",
                (order["order_id"],),
            ).fetchall()
        shown = [(line["sku"], line["quantity"], line["unit_price"], line["amount"]) for line in order["lines"]]
        assert shown == [(sku, quantity, str(price), str(amount)) for sku, quantity, price, amount in rows]
        assert len(shown) == 3
        assert sum(Decimal(line["amount"]) for line in order["lines"]) == Decimal(order["total"])


def test_a_shipment_is_what_the_partner_says(client: httpx.Client, partner: Service) -> None:
    for order in client.get("/accounts/a-3/orders", params={"limit": 5}).json()["orders"]:
        told = httpx.get(f"{partner.url}/shipments/{order['order_id']}").json()
        assert order["shipment"] == {"status": told["status"], "tracking": told["tracking"]}


def test_an_export_holds_what_the_pages_hold_in_the_order_asked_for(client: httpx.Client) -> None:
    accounts = ["a-500", "a-1", "a-77"]
    export = client.post("/exports", json={"accounts": accounts, "per_account": 4}).json()
    pages = [client.get(f"/accounts/{account}/orders", params={"limit": 4}).json() for account in accounts]
    assert export == {"accounts": pages}


@pytest.mark.parametrize("limit", ["0", "-1", "51", "1e400", "9" * 5000, "NaN", "2.5", "", "%00", "ten"])
def test_a_bad_limit_is_refused(client: httpx.Client, limit: str) -> None:
    refused(client.get(f"/accounts/a-1/orders?limit={limit}"), 422)


@pytest.mark.parametrize(
    ("account", "status"),
    [("a-501", 404), ("nobody", 404), ("a-1%00", 422), ("A%201", 422), ("a-1%0A", 422), ("a" * 41, 422), ("%ff", 422)],
)
def test_an_account_that_is_not_there_is_refused(client: httpx.Client, account: str, status: int) -> None:
    refused(client.get(f"/accounts/{account}/orders"), status)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"accounts": ["a-1", "a-1"]}', 422),
        (b'{"accounts": ["a-1", "a-501"]}', 404),
        (b'{"accounts": []}', 422),
        (b'{"accounts": "a-1"}', 422),
        (b'{"accounts": ["a-1\\u0000"]}', 422),
        (b'{"accounts": ["\\ud800"]}', 422),
        (b'{"accounts": [1e400]}', 422),
        (b'{"accounts": ["a-1"], "per_account": 0}', 422),
        (b'{"accounts": ["a-1"], "per_account": -3}', 422),
        (b'{"accounts": ["a-1"], "per_account": 51}', 422),
        (b'{"accounts": ["a-1"], "per_account": NaN}', 422),
        (b'{"accounts": ["a-1"], "per_account": 1e400}', 422),
        (b'{"accounts": ["a-1"], "per_account": ' + b"9" * 5000 + b"}", 400),
        (b'{"accounts": ["a-1"], "per_account": true}', 422),
        (b'{"accounts": ["a-1"], "perAccount": 3}', 422),
        (b'{"accounts": ["a-1"]', 400),
        (b"[" * 100_000, 400),
        (b"\xff\xfe", 400),
        (b"", 422),
        (b"null", 422),
    ],
)
def test_a_bad_export_is_refused(client: httpx.Client, body: bytes, status: int) -> None:
    refused(client.post("/exports", content=body, headers={"Content-Type": "application/json"}), status)


def test_an_export_of_too_many_accounts_is_refused(client: httpx.Client) -> None:
    accounts = [f"a-{n}" for n in range(1, 102)]
    refused(client.post("/exports", json={"accounts": accounts, "per_account": 1}), 422)


def refused(response: httpx.Response, status: int) -> None:
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == status
    assert response.json()["detail"]
