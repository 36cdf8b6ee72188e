"""Bad input is refused with a problem that says what is wrong, and changes nothing."""

import json

import pytest

GOOD_LINE = {"description": "Freight", "net": "4"}
ADJUSTMENT = {"charge_key": "k-1", "amount": "1", "reason": "r"}
BAD_NETS = [
    "-1", "0", "0.00", "-0", "NaN", "nan", "Infinity", "-inf", "1e400", "1e2", "1.005", "10000000000", "", " 1", "1 ",
    "1\n", "1,00", "0x10", "1_000", "٣", "+1", ".5", "1.", None, 1, 1.5, True, [], {},
]  # fmt: skip
BAD_TEXTS = ["", "x" * 201, "a\u0000b", "a\nb", "\ud800", None, 1]
BAD_KEYS = ["", " ", "a b", "x" * 101, "-a", "a/b", "é", "a\tb"]
BAD_INTS = ["-1", "9223372036854775808", "1e3", "1.5", "x", "9" * 5000, ""]


def refused(response) -> dict:
    assert 400 <= response.status_code < 500, f"{response.status_code} {response.text[:300]}"
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    assert problem["detail"]
    return problem


def send(client, url, body, **headers):
    """As raw JSON: with NaN, lone surrogates and whatever else the standard encoder refuses or repairs."""
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=True)
    return client.post(url, content=content, headers={"Content-Type": "application/json", **headers})


BODIES = [
    *({"account": "a-001", "lines": [{"description": "Freight", "net": net}]} for net in BAD_NETS),
    *({"account": "a-001", "lines": [{"description": text, "net": "4"}]} for text in BAD_TEXTS),
    *({"account": account, "lines": [GOOD_LINE]} for account in ("", "a\u0000", "\ud800", "A" * 41, None, 7, "a/b")),
    {"account": "a-001", "lines": []},
    {"account": "a-001", "lines": [GOOD_LINE] * 101},
    {"account": "a-001", "lines": [{"description": "Freight", "net": "9999999999.99"}] * 2},
    {"account": "a-001", "lines": "x"},
    {"account": "a-001", "lines": [GOOD_LINE], "amount": "1"},
    {"account": "a-001", "lines": [{**GOOD_LINE, "tax": "0"}]},
    {"account": "a-001", "lines": [{**GOOD_LINE, "net": float("nan")}]},
    {"account": "a-001"},
    [],
    None,
    b"",
    b"{",
    b"\xff",
    b"[" * 100_000,
    b'{"account": "a-001", "lines": [{"description": "x", "net": ' + b"9" * 5000 + b"}]}",
    b'{"account": "a-001", "lines": [{"description": "x", "net": 1e400}]}',
]
ADJUSTMENTS = [
    *(
        {"idempotency_key": "adj", "entries": [{**ADJUSTMENT, "amount": amount}]}
        for amount in BAD_NETS
        if amount != "-1"
    ),
    *({"idempotency_key": "adj", "entries": [{**ADJUSTMENT, "reason": text}]} for text in BAD_TEXTS),
    *({"idempotency_key": key, "entries": [ADJUSTMENT]} for key in [*BAD_KEYS, "a\u0000", "\ud800"]),
    *({"idempotency_key": "adj", "entries": [{**ADJUSTMENT, "charge_key": key}]} for key in [*BAD_KEYS, "\u0000"]),
    *({"idempotency_key": "adj", "entries": [ADJUSTMENT], "dry_run": dry_run} for dry_run in ("no", 0, None)),
    {"idempotency_key": "adj", "entries": []},
    {"idempotency_key": "adj", "entries": [ADJUSTMENT] * 501},
    {"idempotency_key": "adj", "entries": [ADJUSTMENT], "dryrun": False},
    b"{",
    b'{"idempotency_key": "adj", "entries": [{"charge_key": "k-1", "amount": NaN, "reason": "r"}]}',
]


def test_bad_bodies(company):
    company.charge("k-1", "4")
    for body in BODIES:
        refused(send(company.billing, "/charges", body, **{"Idempotency-Key": "k-bad"}))
        if isinstance(body, dict):
            refused(send(company.processor, "/charges", {"idempotency_key": "k-bad", **body, "amount": "1"}))
    for body in ADJUSTMENTS:
        refused(send(company.billing, "/adjustments", body))
    assert company.sql("SELECT count(*) FROM billing.book") == [(1,)]
    assert company.balance() == "4.29"
    assert company.reconciled()["difference_cents"] == 0


def test_bad_keys(company):
    body = {"account": "a-001", "lines": [GOOD_LINE]}
    refused(send(company.billing, "/charges", body))
    for key in BAD_KEYS:
        header = {b"Idempotency-Key": key.encode(), b"Content-Type": b"application/json"}
        refused(company.billing.post("/charges", content=json.dumps(body), headers=header))
        refused(send(company.processor, "/charges", {"idempotency_key": key, **body}))
    assert company.sql("SELECT count(*) FROM billing.charges") == [(0,)]


@pytest.mark.parametrize("bad", BAD_INTS)
def test_bad_numbers(company, bad):
    for url in ("/book", "/adjustments"):
        for name in ("after", "limit"):
            refused(company.billing.get(url, params={name: bad}))
    refused(company.processor.get("/reconciliation", params={"limit": bad}))
    refused(company.billing.get("/book", params={"limit": 1001}))


def test_bad_ids(company):
    for bad in ("x", "%00", "%ff", "%ed%a0%80", "9" * 400, "a%0ab"):
        refused(company.billing.get(f"/charges/{bad}"))
        refused(company.billing.get(f"/accounts/{bad}"))
        refused(company.processor.get(f"/book/{bad}"))
    for bad in ("\u0000", "\ud800".encode("utf-8", "surrogatepass"), "a b", "x" * 101):
        refused(company.processor.get("/reconciliation", params={"after": bad}))


def test_a_database_that_is_away_is_a_503(company):
    company.stop("processor")
    company.billing.get("/accounts/a-001").raise_for_status()
    (name,) = company.sql("SELECT current_database()")[0]
    company.sql(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
    company.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid()"
    )
    answer = company.charge("k-1", "4")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
