from collections import Counter

import pytest
from warroom.verify.view import reading, tally

TEXT = """\
# TYPE customer_request_duration_seconds histogram
customer_request_duration_seconds_bucket{{profile="healthy",service="orders",route="/a",status="200",le="0.5"}} {fast}
customer_request_duration_seconds_bucket{{profile="healthy",service="orders",route="/a",status="200",le="2.5"}} {all}
customer_request_duration_seconds_bucket{{profile="healthy",service="orders",route="/a",status="200",le="+Inf"}} {all}
customer_request_duration_seconds_bucket{{profile="sale",service="a",route="/orders",status="timeout",le="0.5"}} 0
customer_request_duration_seconds_bucket{{profile="sale",service="a",route="/orders",status="timeout",le="2.5"}} 0
customer_request_duration_seconds_bucket{{profile="sale",service="a",route="/orders",status="timeout",le="+Inf"}} {late}
# TYPE customer_requests_asked counter
customer_requests_asked_total{{profile="healthy"}} 120
# TYPE customer_requests_sent counter
customer_requests_sent_total{{profile="healthy"}} 119
"""


def test_answers_between_two_readings_by_bound():
    earlier = reading(TEXT.format(fast=100, all=100, late=0))
    later = reading(TEXT.format(fast=190, all=200, late=4))
    healthy = tally(earlier, later, lambda labels: labels["profile"] == "healthy")
    assert (healthy.answers, healthy.failed, healthy.slower(2.5)) == (100, 0, 0)
    assert healthy.slower(0.5) == pytest.approx(0.1)
    everybody = tally(earlier, later)
    assert (everybody.answers, everybody.failed) == (104, 4)
    assert later.asked == Counter(healthy=120) and later.sent == Counter(healthy=119)


def test_nobody_came():
    same = reading(TEXT.format(fast=1, all=1, late=1))
    nothing = tally(same, same)
    assert (nothing.answers, nothing.slower(0.5), nothing.failing) == (0, None, None)


def test_a_refusal_is_an_answer_and_a_failure_of_the_server_is_not():
    text = 'customer_request_duration_seconds_bucket{profile="p",service="s",route="/",status="%s",le="+Inf"} 1\n'
    header = "# TYPE customer_request_duration_seconds histogram\n"
    failed = {
        s: tally(reading(""), reading(header + text % s)).failed for s in ("201", "404", "503", "timeout", "error")
    }
    assert failed == {"201": 0, "404": 0, "503": 1, "timeout": 1, "error": 1}
