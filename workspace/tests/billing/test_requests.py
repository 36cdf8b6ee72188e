"""What billing refuses before it looks at any account."""

import pytest
from billing.app import Settings, create_app


@pytest.fixture
def billing(calling):
    return calling(create_app(Settings()))


LINE = {"description": "Freight", "net": "12.00"}
KEY = {"Idempotency-Key": "inv-2041"}


@pytest.mark.parametrize("net", ["0.00", "-1.00", "1.005", "1,00", "1e3", "", "12345678901"])
def test_a_net_amount_is_a_decimal_string_of_more_than_nothing(billing, net: str) -> None:
    answer = billing("POST", "/charges", headers=KEY, json={"account": "a-001", "lines": [{**LINE, "net": net}]})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("count", [0, 101])
def test_a_charge_has_1_to_100_lines(billing, count: int) -> None:
    answer = billing("POST", "/charges", headers=KEY, json={"account": "a-001", "lines": [LINE] * count})
    assert answer.status_code == 422


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": ""}, {"Idempotency-Key": "k" * 101}])
def test_a_charge_needs_a_key(billing, headers: dict[str, str]) -> None:
    answer = billing("POST", "/charges", headers=headers, json={"account": "a-001", "lines": [LINE]})
    assert answer.status_code == 422


def test_an_adjustment_says_why(billing) -> None:
    entry = {"charge_key": "inv-2041", "amount": "-0.01"}
    assert billing("POST", "/adjustments", json={"idempotency_key": "adj-1", "entries": [entry]}).status_code == 422
