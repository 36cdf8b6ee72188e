"""What orders refuses before it looks at any account."""

import pytest
from orders.app import Settings, create_app


@pytest.fixture
def orders(calling):
    return calling(create_app(Settings()))


@pytest.mark.parametrize("limit", ["0", "51", "ten"])
def test_a_page_has_1_to_50_orders(orders, limit: str) -> None:
    answer = orders("GET", "/accounts/a-1/orders", params={"limit": limit})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"accounts": []},
        {"accounts": ["a-1", "a-1"]},
        {"accounts": ["A 1"]},
        {"accounts": [f"a-{n}" for n in range(1, 102)]},
        {"accounts": ["a-1"], "per_account": 51},
    ],
)
def test_an_export_names_each_account_once(orders, body: dict) -> None:
    assert orders("POST", "/exports", json=body).status_code == 422
