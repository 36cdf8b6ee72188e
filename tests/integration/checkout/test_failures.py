"""Bad input is refused, and what fails behind checkout leaves no half order."""

import psycopg
import pytest
from psycopg import sql

from .conftest import until

UNKNOWN_ORDER = "o-" + "0" * 32
RESERVATION = {"order_id": UNKNOWN_ORDER, "cart_id": "c-0001", "items": [{"sku": "sku-0001", "quantity": 1}]}


def cart(*items: dict) -> dict:
    return {"items": list(items)}


BAD_REQUESTS = [
    ("checkout", "POST", "/orders", {"cart_id": "c-ffff"}, 404),
    ("checkout", "POST", "/orders", {"cart_id": "C-0001"}, 422),
    ("checkout", "POST", "/orders", {"cart_id": "c-0001\x00"}, 422),
    ("checkout", "POST", "/orders", {"cart_id": "c-0001\n"}, 422),
    ("checkout", "POST", "/orders", {"cart_id": "c-" + "a" * 33}, 422),
    ("checkout", "POST", "/orders", {"cart_id": 10**30}, 422),
    ("checkout", "POST", "/orders", {"cart_id": None}, 422),
    ("checkout", "POST", "/orders", {}, 422),
    ("checkout", "POST", "/orders", [], 422),
    ("checkout", "POST", "/orders", {"cart_id": "c-0001", "total": "0.01"}, 422),
    ("checkout", "POST", "/orders", b'{"cart_id": ', 400),
    ("checkout", "POST", "/orders", b'{"cart_id": "\xff"}', 400),
    ("checkout", "POST", "/orders", b"", 422),
    ("checkout", "PUT", "/orders", {}, 405),
    ("checkout", "GET", f"/orders/{UNKNOWN_ORDER}", None, 404),
    ("checkout", "GET", "/orders/1", None, 422),
    ("checkout", "GET", "/orders/o-%00", None, 422),
    ("checkout", "GET", "/carts/c-ffff", None, 404),
    ("checkout", "GET", "/carts/c-0001%00", None, 422),
    ("checkout", "GET", "/carts/c-0001%0A", None, 422),
    ("checkout", "POST", "/carts", cart(), 422),
    ("checkout", "POST", "/carts", cart({"sku": "sku-0999", "quantity": 1}), 422),
    ("checkout", "POST", "/carts", cart({"sku": "sku-\x000", "quantity": 1}), 422),
    ("checkout", "POST", "/carts", cart({"sku": "sku-0001", "quantity": 0}), 422),
    ("checkout", "POST", "/carts", cart({"sku": "sku-0001", "quantity": -1}), 422),
    ("checkout", "POST", "/carts", cart({"sku": "sku-0001", "quantity": 10**40}), 422),
    ("checkout", "POST", "/carts", cart({"sku": "sku-0001", "quantity": 1.5}), 422),
    ("checkout", "POST", "/carts", cart({"sku": "sku-0001", "quantity": "1"}), 422),
    ("checkout", "POST", "/carts", b'{"items": [{"sku": "sku-0001", "quantity": NaN}]}', 422),
    ("checkout", "POST", "/carts", b'{"items": [{"sku": "sku-0001", "quantity": 1e400}]}', 422),
    ("checkout", "POST", "/carts", cart(*[{"sku": "sku-0001", "quantity": 1}] * 2), 422),
    ("checkout", "POST", "/carts", cart(*({"sku": f"sku-{n:04}", "quantity": 1} for n in range(1, 22))), 422),
    ("inventory", "POST", "/reservations", {**RESERVATION, "cart_id": "c-ffff"}, 404),
    ("inventory", "POST", "/reservations", {**RESERVATION, "order_id": "o-1"}, 422),
    ("inventory", "POST", "/reservations", {**RESERVATION, "items": []}, 422),
    ("inventory", "POST", "/reservations", {**RESERVATION, "items": [{"sku": "sku-0999", "quantity": 1}]}, 409),
    ("inventory", "POST", "/reservations", {**RESERVATION, "items": [{"sku": "sku-0001", "quantity": -1}]}, 422),
    ("inventory", "POST", "/reservations", {**RESERVATION, "items": RESERVATION["items"] * 51}, 422),
    ("inventory", "POST", "/confirmations", {"order_ids": []}, 422),
    ("inventory", "POST", "/confirmations", {"order_ids": [UNKNOWN_ORDER] * 101}, 422),
    ("inventory", "GET", "/stock/sku-0999", None, 404),
    ("inventory", "GET", "/stock/sku-00%00", None, 422),
    ("promotions", "POST", "/decisions", {"cart_id": "c-ffff"}, 404),
    ("promotions", "POST", "/decisions", {"cart_id": "../orders"}, 422),
    ("promotions", "POST", "/decisions", b"[", 400),
]


def test_bad_input_is_refused_and_changes_nothing(circle):
    circle.start()
    clients = {service: circle.client(service) for service in circle.servers}
    wrong = []
    for service, method, path, body, status in BAD_REQUESTS:
        content = {"content": body} if isinstance(body, bytes) else {"json": body} if body is not None else {}
        headers = {"Content-Type": "application/json"}
        reply = clients[service].request(method, path, headers=headers, **content)
        problem = reply.headers["content-type"] == "application/problem+json" and reply.json()
        if reply.status_code != status or not problem or not problem["detail"]:
            wrong.append((service, method, path, body, status, reply.status_code, reply.text))
    assert wrong == []
    assert circle.sql("SELECT count(*) FROM checkout.carts") == [(500,)]
    assert circle.sql("SELECT count(*) FROM checkout.orders") == [(0,)]
    assert circle.sql("SELECT count(*) FROM inventory.reservations") == [(0,)]
    assert circle.sql("SELECT DISTINCT available FROM inventory.stock") == [(1_000_000,)]


@pytest.mark.parametrize("down", ["inventory", "promotions"])
def test_a_service_that_is_down_is_answered_with_503(circle, down):
    checkout = circle.start()
    circle.servers[down].stop()

    reply = checkout.post("/orders", json={"cart_id": "c-0001"})

    assert (reply.status_code, reply.headers["content-type"]) == (503, "application/problem+json")
    assert circle.sql("SELECT count(*) FROM checkout.orders") == [(0,)]


def test_a_reservation_that_comes_too_late_expires_and_its_stock_comes_back(circle):
    checkout = circle.start(inventory_timeout=0.3, promotions_timeout=20, reservation_hold=1, return_interval=0.05)
    (sku, quantity), *_ = circle.sql("SELECT sku, quantity FROM checkout.cart_items WHERE cart_id = 'c-0001'")
    with psycopg.connect(circle.database_url) as connection:
        connection.execute("LOCK TABLE inventory.stock IN ACCESS EXCLUSIVE MODE")
        reply = checkout.post("/orders", json={"cart_id": "c-0001"})

    assert (reply.status_code, reply.json()["title"]) == (504, "Inventory timed out")
    stock = "SELECT available FROM inventory.stock WHERE sku = %s"
    until(lambda: circle.sql(stock, sku) == [(1_000_000 - quantity,)], "the late reservation")
    until(lambda: circle.sql(stock, sku) == [(1_000_000,)], "the return of its stock")
    assert circle.sql("SELECT count(*) FROM checkout.orders") == [(0,)]


def test_a_lost_database_is_answered_with_503_and_used_again_when_it_is_back(circle):
    checkout = circle.start(database_timeout=0.2)
    assert checkout.post("/orders", json={"cart_id": "c-0001"}).status_code == 201
    name = psycopg.conninfo.conninfo_to_dict(circle.database_url)["dbname"]
    server = psycopg.conninfo.make_conninfo(circle.database_url, dbname="postgres")
    with psycopg.connect(server, autocommit=True) as admin:
        allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        admin.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        replies = [checkout.post("/orders", json={"cart_id": "c-0001"}) for _ in range(4)]
        admin.execute(allow.format(sql.Identifier(name), sql.SQL("true")))

    assert {reply.status_code for reply in replies} == {503}
    assert {reply.headers["content-type"] for reply in replies} == {"application/problem+json"}
    until(lambda: checkout.post("/orders", json={"cart_id": "c-0001"}).status_code == 201, "an order", seconds=40)
