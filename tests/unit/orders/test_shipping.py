from collections.abc import Callable

import httpx
import pytest
from kit import Problem
from orders.shipping import Shipping


def shipping(handler: Callable[[httpx.Request], httpx.Response]) -> Shipping:
    return Shipping(httpx.Client(base_url="http://partner", transport=httpx.MockTransport(handler)))


def test_a_shipment_is_read() -> None:
    def partner(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/shipments/7"
        return httpx.Response(200, json={"order_id": 7, "status": "in_transit", "tracking": "SP1"})

    assert shipping(partner).shipment(7).model_dump() == {"status": "in_transit", "tracking": "SP1"}


def timeout(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("slow", request=request)


def refused(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


@pytest.mark.parametrize(
    ("partner", "status", "what"),
    [
        (timeout, 504, "in time"),
        (refused, 503, "reached"),
        (lambda _: httpx.Response(429, headers={"Retry-After": "1"}), 503, "answered 429"),
        (lambda _: httpx.Response(500), 503, "answered 500"),
        (lambda _: httpx.Response(302, headers={"Location": "/elsewhere"}), 503, "answered 302"),
        (lambda _: httpx.Response(200, text="<html>"), 503, "no shipment"),
        (lambda _: httpx.Response(200, json={"status": None}), 503, "no shipment"),
    ],
)
def test_the_partners_failure_is_a_problem_that_says_what_happened(
    partner: Callable[[httpx.Request], httpx.Response], status: int, what: str
) -> None:
    with pytest.raises(Problem) as caught:
        shipping(partner).shipment(7)
    assert caught.value.status == status
    assert what in caught.value.detail
    assert "order 7" in caught.value.detail
