"""What inventory refuses before it looks at the stock."""

import pytest
from inventory.app import Settings, create_app


@pytest.fixture
def inventory(calling):
    return calling(create_app(Settings()))


ORDER = "o-0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("items", [[], [{"sku": "sku-0001", "quantity": 0}], [{"sku": "sku-1", "quantity": 1}]])
def test_a_reservation_is_for_products_in_stock(inventory, items: list[dict]) -> None:
    answer = inventory("POST", "/reservations", json={"order_id": ORDER, "cart_id": "c-0001", "items": items})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("orders", [[], ["o-1"], [ORDER] * 101])
def test_a_confirmation_is_for_1_to_100_orders(inventory, orders: list[str]) -> None:
    assert inventory("POST", "/confirmations", json={"order_ids": orders}).status_code == 422


def test_stock_is_asked_for_by_sku(inventory) -> None:
    assert inventory("GET", "/stock/lantern").status_code == 422
