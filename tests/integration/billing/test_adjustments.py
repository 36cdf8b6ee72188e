import pytest


@pytest.fixture
def post(company):
    company.charge("k-1", "4")
    company.charge("k-2", "4", account="a-002")

    def post(entries, key="adj-1", **more):
        return company.billing.post("/adjustments", json={"idempotency_key": key, "entries": entries, **more})

    return post


def entry(key="k-1", amount="-0.29", **more):
    return {"charge_key": key, "amount": amount, "reason": "tax waived", **more}


def test_a_dry_run_is_the_default_and_changes_nothing(company, post):
    answer = post([entry(), entry("k-2", "1")])
    assert answer.status_code == 200
    assert answer.json() == {
        "idempotency_key": "adj-1",
        "dry_run": True,
        "entries": [
            {"charge_key": "k-1", "account": "a-001", "amount": "-0.29", "reason": "tax waived"},
            {"charge_key": "k-2", "account": "a-002", "amount": "1.00", "reason": "tax waived"},
        ],
        "accounts": [
            {"account": "a-001", "before": "4.29", "after": "4.00"},
            {"account": "a-002", "before": "4.29", "after": "5.29"},
        ],
        "total": "0.71",
    }
    assert company.balance() == "4.29"
    assert company.billing.get("/adjustments").json() == {"adjustments": [], "next": None}


def test_an_adjustment_moves_the_balance_once(company, post):
    first = post([entry()], dry_run=False)
    assert first.status_code == 201
    again = post([entry()], dry_run=False)
    assert (again.status_code, again.json()) == (200, first.json())
    assert company.balance() == "4.00"
    assert company.sql("SELECT kind, charge_key, amount::text FROM billing.book WHERE kind = 'adjustment'") == [
        ("adjustment", "k-1", "-0.29")
    ]
    (listed,) = company.billing.get("/adjustments").json()["adjustments"]
    assert (listed["idempotency_key"], listed["total"]) == ("adj-1", "-0.29")
    assert listed["entries"][0]["reason"] == "tax waived"


def test_a_key_with_another_body_is_a_conflict(company, post):
    post([entry()], dry_run=False)
    for other in ([entry(amount="-0.30")], [entry(), entry()], [entry(reason="other")]):
        assert post(other, dry_run=False).status_code == 409
    assert company.balance() == "4.00"


def test_all_entries_or_none(company, post):
    unknown = post([entry(), entry("k-none")], dry_run=False)
    assert unknown.status_code == 404
    assert "k-none" in unknown.json()["detail"]
    nobody = post([entry(), entry("k-none", account="a-999")], dry_run=False)
    assert nobody.status_code == 404
    assert company.balance() == "4.29"
    assert post([entry()], dry_run=False).status_code == 201, "the key is still free"


def test_a_charge_is_put_right_on_its_own_account_only(company, post):
    other = post([entry(account="a-002")], dry_run=False)
    assert other.status_code == 409
    assert other.json()["detail"] == "Charge k-1 is not on account a-002; leave the entry's account out."
    assert (company.balance(), company.balance("a-002")) == ("4.29", "4.29")
    assert post([entry(account="a-001")], dry_run=False).status_code == 201
    unknown_to_billing = entry("k-lost", "1", account="a-002")
    assert post([unknown_to_billing], key="adj-2", dry_run=False).status_code == 201
    assert (company.balance(), company.balance("a-002")) == ("4.00", "5.29")


def test_at_once_is_applied_once(company, post):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(20) as crowd:
        answers = list(crowd.map(lambda _: post([entry()], dry_run=False), range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert company.balance() == "4.00"
