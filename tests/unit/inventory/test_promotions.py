import json
from decimal import Decimal

import httpx
import pytest
from inventory.promotions import Promotions
from kit import Problem

DECISION = {"promotion": "LANTERN", "discount": "0.00", "free_items": [{"sku": "sku-0200", "quantity": 1}]}


def promotions(answer) -> Promotions:
    return Promotions(httpx.Client(base_url="http://promotions", transport=httpx.MockTransport(answer)))


def test_the_decision_is_asked_for_the_cart():
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.path, json.loads(request.content)))
        return httpx.Response(200, json=DECISION)

    decision = promotions(answer).decide("c-0001")

    assert asked == [("POST", "/decisions", {"cart_id": "c-0001"})]
    assert decision.promotion == "LANTERN"
    assert decision.discount == Decimal("0.00")
    assert [(item.sku, item.quantity) for item in decision.free_items] == [("sku-0200", 1)]


def fails(error: Exception):
    def answer(_: httpx.Request) -> httpx.Response:
        raise error

    return answer


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (fails(httpx.ReadTimeout("late")), 504),
        (fails(httpx.ConnectError("refused")), 503),
        (lambda _: httpx.Response(404), 404),
        (lambda _: httpx.Response(503), 503),
        (lambda _: httpx.Response(504), 504),
        (lambda _: httpx.Response(500), 502),
        (lambda _: httpx.Response(200, text="{}"), 502),
    ],
)
def test_what_goes_wrong_at_promotions_becomes_a_problem(answer, status):
    with pytest.raises(Problem) as caught:
        promotions(answer).decide("c-0001")
    assert caught.value.status == status
