"""Which expressions can be evidence, and what they are about."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.drill.selector import Matcher, parse
from lab.errors import UsageError


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("worker_pool_waiting", "worker_pool_waiting"),
        ('worker_pool_in_use{service="checkout"}', "worker_pool_in_use"),
        ('rate(partner_requests_total{kind="single"}[30s])', "partner_requests_total"),
        ("sum by (service, peer) (rate(http_client_request_duration_seconds_count[1m]))", None),
        ('sum(increase(db_client_operation_duration_seconds_count{service="orders"}[30s])) by (service)', None),
        (
            "histogram_quantile(0.99, sum by (le) (rate(http_client_request_duration_seconds_bucket"
            "{service='promotions', peer='checkout',}[30s])))",
            "http_client_request_duration_seconds_bucket",
        ),
        ("max_over_time(event_loop_lag_seconds{service=~'or.*'}[1m])", "event_loop_lag_seconds"),
        ("sum", "sum"),  # a name like any other, where no bracket follows
    ],
)
def test_it_names_one_metric(text, name):
    found = parse(text)
    assert found.text == text
    if name:
        assert found.name == name


def test_labels_are_read():
    found = parse("""x{a="1", b!='2\\'', c=~"3|4"}""")
    assert found.matchers == (Matcher("a", "=", "1"), Matcher("b", "!=", "2'"), Matcher("c", "=~", "3|4"))
    assert (found.fixes("a"), found.fixes("b"), found.fixes("c"), found.fixes("d")) == ("1", None, None, None)


def test_a_label_that_is_held_to_two_values_is_held_to_none():
    assert parse('x{a="1", a="2"}').fixes("a") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "vector(1)",
        "x > 3",
        "x and y",
        "x / y",
        "x or vector(1)",
        "-x",
        "label_replace(x, 'service', 'checkout', '', '')",
        "x{service=checkout}",
        "x{service}",
        "x{",
        "rate(x[30s]",
        "rate(x[30s]))",
        "x offset 1h",
        "x @ 12",
        "rate(x[5m:1m])",
        "absent(x)",
        '{__name__="x"}',
        "histogram_quantile(x, y)",
        "sum(" * 20 + "x" + ")" * 20,
        "x" * 2_000,
        "x\nx",
        "x # y",
    ],
)
def test_what_could_say_anything_is_refused_with_a_sentence(text):
    with pytest.raises(UsageError) as refusal:
        parse(text)
    assert "\n" not in str(refusal.value)


@given(st.text(max_size=80))
def test_nothing_but_a_refusal_comes_of_nonsense(text):
    with contextlib.suppress(UsageError):
        parse(text)
