"""Which promotion a cart gets."""

from decimal import Decimal

import pytest
from promotions.app import Settings, create_app
from promotions.rules import Item, decide


@pytest.fixture
def promotions(calling):
    return calling(create_app(Settings()))


@pytest.mark.parametrize(
    ("sku", "quantity", "total", "promotion", "discount"),
    [
        ("sku-0001", 1, "99.99", None, "0.00"),
        ("sku-0001", 1, "100.00", "SPRING10", "10.00"),
        ("sku-0001", 1, "250.00", "CAMPFIRE", "12.50"),
        ("sku-0007", 1, "20.00", None, "0.00"),
        ("sku-0007", 2, "900.00", "LANTERN", "0.00"),
    ],
)
def test_the_first_that_applies_is_given(
    sku: str, quantity: int, total: str, promotion: str | None, discount: str
) -> None:
    decision = decide([Item(sku=sku, quantity=quantity)], Decimal(total))
    assert (decision.promotion, decision.discount) == (promotion, Decimal(discount))


def test_those_that_run_can_be_listed(promotions) -> None:
    listed = promotions("GET", "/promotions").json()
    assert [one["code"] for one in listed] == ["LANTERN", "CAMPFIRE", "SPRING10"]


def test_a_decision_is_for_a_cart(promotions) -> None:
    assert promotions("POST", "/decisions", json={"cart_id": "C 1"}).status_code == 422
