from decimal import Decimal

import pytest
from promotions.rules import PROMOTIONS, Decision, Item, decide


def cart(**quantities: int) -> list[Item]:
    return [Item(sku=sku.replace("_", "-"), quantity=quantity) for sku, quantity in quantities.items()]


@pytest.mark.parametrize(
    ("items", "total", "expected"),
    [
        (cart(sku_0001=1), "99.99", Decision()),
        (cart(sku_0001=1), "100.00", Decision(promotion="SPRING10", discount=Decimal("10.00"))),
        (cart(sku_0001=1), "249.99", Decision(promotion="SPRING10", discount=Decimal("25.00"))),
        (
            cart(sku_0001=1),
            "250.00",
            Decision(promotion="CAMPFIRE", discount=Decimal("12.50"), free_items=cart(sku_0199=1)),
        ),
        (cart(sku_0007=1), "20.00", Decision()),
        (cart(sku_0007=2), "20.00", Decision(promotion="LANTERN", free_items=cart(sku_0200=1))),
    ],
)
def test_the_first_promotion_that_applies_is_given(items, total, expected):
    assert decide(items, Decimal(total)) == expected


def test_a_discount_is_rounded_half_up_to_the_cent():
    assert decide(cart(sku_0001=1), Decimal("100.05")).discount == Decimal("10.01")


def test_a_lantern_cart_gets_its_wick_and_no_discount_however_large_its_total():
    assert decide(cart(sku_0007=2), Decimal("900.00")).promotion == "LANTERN"


def test_no_discount_exceeds_the_total_it_is_taken_from():
    assert all(promotion.percent <= 100 for promotion in PROMOTIONS)
