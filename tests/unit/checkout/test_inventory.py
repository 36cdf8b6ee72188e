import json
from decimal import Decimal

import httpx
import pytest
from checkout.carts import Cart, Item
from checkout.inventory import Inventory
from kit import Problem

CART = Cart(
    cart_id="c-0001",
    items=[Item(sku="sku-0001", quantity=2, unit_price=Decimal("4.50"))],
    total=Decimal("9.00"),
)


def inventory(answer) -> Inventory:
    return Inventory(httpx.Client(base_url="http://inventory", transport=httpx.MockTransport(answer)))


def test_an_order_reserves_what_its_cart_holds():
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.path, json.loads(request.content)))
        return httpx.Response(201, json={"promotion": "SPRING10", "discount": "0.90", "items": []})

    reservation = inventory(answer).reserve("o-1", CART)

    body = {"order_id": "o-1", "cart_id": "c-0001", "items": [{"sku": "sku-0001", "quantity": 2}]}
    assert asked == [("POST", "/reservations", body)]
    assert (reservation.promotion, reservation.discount) == ("SPRING10", Decimal("0.90"))


def fails(error: Exception):
    def answer(_: httpx.Request) -> httpx.Response:
        raise error

    return answer


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (fails(httpx.ReadTimeout("late")), 504),
        (fails(httpx.ConnectError("refused")), 503),
        (lambda _: httpx.Response(503), 503),
        (lambda _: httpx.Response(504), 504),
        (lambda _: httpx.Response(500), 502),
        (lambda _: httpx.Response(422), 502),
        (lambda _: httpx.Response(409, text="gone"), 502),
        (lambda _: httpx.Response(201, text="{}"), 502),
    ],
)
def test_what_goes_wrong_at_inventory_becomes_a_problem(answer, status):
    with pytest.raises(Problem) as caught:
        inventory(answer).reserve("o-1", CART)
    assert caught.value.status == status


def test_a_refusal_is_passed_on_with_its_reason():
    refusal = {"title": "Out of stock", "detail": "There is not enough of sku-0001; order less of it."}

    with pytest.raises(Problem) as caught:
        inventory(lambda _: httpx.Response(409, json=refusal)).reserve("o-1", CART)

    assert (caught.value.status, caught.value.title) == (409, "Out of stock")
    assert caught.value.detail == refusal["detail"]
