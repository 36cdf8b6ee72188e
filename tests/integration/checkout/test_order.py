from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from kit import telemetry
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from prometheus_client import REGISTRY

from .conftest import until

LANTERNS = {"items": [{"sku": "sku-0007", "quantity": 2}]}


def available(circle, sku: str) -> int:
    return circle.sql("SELECT available FROM inventory.stock WHERE sku = %s", sku)[0][0]


def test_an_order_is_placed_with_its_promotion_and_its_free_item(circle):
    checkout = circle.start()
    placed_before = REGISTRY.get_sample_value("orders_placed_total", {"service": "checkout"}) or 0
    cart = checkout.post("/carts", json=LANTERNS)
    assert cart.status_code == 201
    assert checkout.get(cart.headers["Location"]).json() == cart.json()

    placed = checkout.post("/orders", json={"cart_id": cart.json()["cart_id"]})

    assert placed.status_code == 201
    assert placed.json()["promotion"] == "LANTERN"
    assert placed.json()["total"] == cart.json()["total"]
    order = checkout.get(placed.headers["Location"]).json()
    assert {name: order[name] for name in ("order_id", "total", "promotion")} == placed.json()
    assert available(circle, "sku-0007") == 1_000_000 - 2
    assert available(circle, "sku-0200") == 1_000_000 - 1
    assert REGISTRY.get_sample_value("orders_placed_total", {"service": "checkout"}) == placed_before + 1


def test_a_discount_is_taken_off_the_total(circle):
    checkout = circle.start()
    price = Decimal(circle.sql("SELECT unit_price FROM checkout.products WHERE sku = 'sku-0042'")[0][0])
    quantity = int(150 / price) + 1
    cart = checkout.post("/carts", json={"items": [{"sku": "sku-0042", "quantity": quantity}]}).json()

    placed = checkout.post("/orders", json={"cart_id": cart["cart_id"]}).json()

    assert Decimal(cart["total"]) == quantity * price
    assert placed["promotion"] == "SPRING10"
    assert Decimal(placed["total"]) == Decimal(cart["total"]) - round(Decimal(cart["total"]) / 10, 2)


def test_a_seeded_cart_can_be_ordered_again(circle):
    checkout = circle.start()
    orders = [checkout.post("/orders", json={"cart_id": "c-0017"}).json()["order_id"] for _ in range(2)]
    assert orders[0] != orders[1]


def test_every_seeded_cart_can_be_ordered(circle):
    carts = circle.sql(
        "SELECT cart_id, count(*) FROM checkout.carts JOIN checkout.cart_items USING (cart_id) GROUP BY 1"
    )
    unknown = circle.sql("SELECT sku FROM checkout.products EXCEPT SELECT sku FROM inventory.stock")
    assert len(carts) == 500
    assert unknown == []


def test_a_placed_order_is_confirmed_and_keeps_its_stock(circle):
    checkout = circle.start(confirmation_interval=0.05, reservation_hold=3, return_interval=0.05)

    order_id = checkout.post("/orders", json={"cart_id": "c-0017"}).json()["order_id"]

    until(
        lambda: circle.sql("SELECT 1 FROM checkout.orders WHERE order_id = %s AND confirmed_at IS NOT NULL", order_id),
        "the order's confirmation",
    )
    reservation = circle.sql(
        "SELECT confirmed_at IS NOT NULL, returned_at IS NULL FROM inventory.reservations WHERE order_id = %s", order_id
    )
    assert reservation == [(True, True)]


def test_stock_is_exact_under_50_concurrent_orders(circle):
    checkout = circle.start(workers=64, database_timeout=30)
    cart = checkout.post("/carts", json={"items": [{"sku": "sku-0042", "quantity": 3}]}).json()
    circle.sql("UPDATE inventory.stock SET available = 100 WHERE sku = 'sku-0042'")

    with ThreadPoolExecutor(50) as customers:
        replies = list(customers.map(lambda _: checkout.post("/orders", json={"cart_id": cart["cart_id"]}), range(50)))

    placed = [reply for reply in replies if reply.status_code == 201]
    refused = [reply for reply in replies if reply.status_code == 409]
    assert (len(placed), len(refused)) == (33, 17)
    assert all(reply.json()["title"] == "Out of stock" and "sku-0042" in reply.json()["detail"] for reply in refused)
    assert available(circle, "sku-0042") == 1
    assert circle.sql("SELECT count(*) FROM checkout.orders") == [(33,)]
    assert circle.sql("SELECT count(*) FROM inventory.reservations") == [(33,)]


def test_the_trace_leads_from_checkout_over_inventory_and_promotions_back_to_checkout(circle):
    spans = InMemorySpanExporter()
    telemetry.set_up("checkout").add_span_processor(SimpleSpanProcessor(spans))
    checkout = circle.start()
    assert checkout.post("/orders", json={"cart_id": "c-0017"}).status_code == 201

    by_id = {span.context.span_id: span for span in spans.get_finished_spans()}
    (span,) = [span for span in by_id.values() if (span.attributes or {}).get("http.route") == "/carts/{cart_id}"]
    path = [span]
    while path[-1].parent and path[-1].parent.span_id in by_id:
        path.append(by_id[path[-1].parent.span_id])

    assert len({span.context.trace_id for span in path}) == 1
    served = [span.attributes["http.route"] for span in reversed(path) if span.kind is SpanKind.SERVER]
    assert served == ["/orders", "/reservations", "/decisions", "/carts/{cart_id}"]
    called = [span.kind for span in path if span.kind is SpanKind.CLIENT]
    assert len(called) >= 3


@pytest.mark.parametrize("service", ["checkout", "inventory", "promotions"])
def test_the_openapi_document_is_served(circle, service):
    circle.start()
    assert circle.client(service).get("/openapi.json").status_code == 200
