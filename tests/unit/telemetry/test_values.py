import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.telemetry.values import float_text, tag, tag_order, text
from tests.jaeger.spans import attributes, value

# As Go's encoding/json writes them.
FLOATS = {
    1.0: "1",
    -0.5: "-0.5",
    0.1: "0.1",
    1e-6: "0.000001",
    1.5e-6: "0.0000015",
    9.9e-7: "9.9e-7",
    1e-300: "1e-300",
    1e15: "1000000000000000",
    1e20: "100000000000000000000",
    1.5e20: "150000000000000000000",
    1e21: "1e+21",
    -1.25e22: "-1.25e+22",
    123456789.125: "123456789.125",
}


@pytest.mark.parametrize(("number", "written"), FLOATS.items())
def test_floats_as_go_writes_them(number: float, written: str) -> None:
    assert float_text(number) == written


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_float_loses_digits(number: float) -> None:
    assert float(float_text(number)) == number


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_lacks_are_shown_as_text(number: float) -> None:
    [attribute] = attributes({"x": number})
    assert json.loads(json.dumps(tag(attribute), allow_nan=False))["value"] == str(number)


def test_tags_sort_by_key_type_and_value() -> None:
    things = [("b", 2), ("b", 10), ("a", 1.5), ("a", True), ("a", "z"), ("a", 2**60), ("a", b""), ("b", math.nan)]
    tags = [tag(attribute) for key, thing in things for attribute in attributes({key: thing})]
    assert [(item["key"], item["type"]) for item in sorted(tags, key=tag_order)] == [
        ("a", "string"),
        ("a", "bool"),
        ("a", "int64"),
        ("a", "float64"),
        ("a", "binary"),
        ("b", "int64"),
        ("b", "int64"),
        ("b", "float64"),
    ]


def test_nested_values_are_json_with_sorted_keys_and_html_escaped() -> None:
    assert text(value({"b": ["<", None, b"\x01"], "a": 1.0})) == '{"a":1,"b":["\\u003c",null,"AQ=="]}'
