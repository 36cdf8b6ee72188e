from decimal import Decimal

import httpx
import pytest
from kit import Problem
from promotions.carts import Carts

CART = {"cart_id": "c-0001", "items": [{"sku": "sku-0001", "quantity": 2, "unit_price": "4.50"}], "total": "9.00"}


def carts(answer) -> Carts:
    return Carts(httpx.Client(base_url="http://checkout", transport=httpx.MockTransport(answer)))


def test_a_cart_is_asked_for_by_its_id():
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.path))
        return httpx.Response(200, json=CART)

    cart = carts(answer).get("c-0001")

    assert asked == [("GET", "/carts/c-0001")]
    assert cart.total == Decimal("9.00")
    assert [(item.sku, item.quantity) for item in cart.items] == [("sku-0001", 2)]


def fails(error: Exception):
    def answer(_: httpx.Request) -> httpx.Response:
        raise error

    return answer


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (fails(httpx.ReadTimeout("late")), 504),
        (fails(httpx.ConnectTimeout("late")), 504),
        (fails(httpx.ConnectError("refused")), 503),
        (fails(httpx.RemoteProtocolError("closed")), 503),
        (lambda _: httpx.Response(404), 404),
        (lambda _: httpx.Response(503), 503),
        (lambda _: httpx.Response(504), 504),
        (lambda _: httpx.Response(500), 502),
        (lambda _: httpx.Response(422), 502),
        (lambda _: httpx.Response(200, text="[]"), 502),
        (lambda _: httpx.Response(200, text="not json"), 502),
    ],
)
def test_what_goes_wrong_at_checkout_becomes_a_problem(answer, status):
    with pytest.raises(Problem) as caught:
        carts(answer).get("c-0001")
    assert caught.value.status == status
