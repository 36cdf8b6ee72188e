"""What checkout refuses before it looks at any cart."""

import pytest
from checkout.app import Settings, create_app


@pytest.fixture
def checkout(calling):
    return calling(create_app(Settings()))


@pytest.mark.parametrize(
    "items",
    [
        [],
        [{"sku": "sku-0001", "quantity": 0}],
        [{"sku": "sku-0001", "quantity": 21}],
        [{"sku": "lantern", "quantity": 1}],
        [{"sku": "sku-0001", "quantity": 1}, {"sku": "sku-0001", "quantity": 2}],
    ],
)
def test_a_cart_names_each_product_once_with_its_quantity(checkout, items: list[dict]) -> None:
    answer = checkout("POST", "/carts", json={"items": items})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("body", [{}, {"cart_id": None}, {"cart_id": "C-0001"}, {"cart_id": "c-0001; drop"}])
def test_an_order_is_for_a_cart(checkout, body: dict) -> None:
    assert checkout("POST", "/orders", json=body).status_code == 422


def test_an_order_is_asked_for_by_its_id(checkout) -> None:
    assert checkout("GET", "/orders/1").status_code == 422
