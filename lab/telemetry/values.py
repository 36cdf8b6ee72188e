"""Attribute values as Jaeger shows them and as its searches compare them."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

Tag = dict[str, Any]

_SAFE_INTEGER = 2**53 - 1  # JavaScript's; larger ones are shown as text
_TYPE_ORDER = ("string", "bool", "int64", "float64", "binary")


def tag(attribute: KeyValue) -> Tag:
    """`{key, type, value}` as in Jaeger's JSON."""
    value = attribute.value
    match value.WhichOneof("value"):
        case "bool_value":
            return {"key": attribute.key, "type": "bool", "value": value.bool_value}
        case "int_value":
            number = value.int_value
            shown = number if -_SAFE_INTEGER <= number <= _SAFE_INTEGER else str(number)
            return {"key": attribute.key, "type": "int64", "value": shown}
        case "double_value":
            # Jaeger cannot answer for a trace with such a number at all; JSON has no word for it.
            number = value.double_value
            shown = number if math.isfinite(number) else str(number)
            return {"key": attribute.key, "type": "float64", "value": shown}
        case "bytes_value":
            return {"key": attribute.key, "type": "binary", "value": text(value) or None}
        case _:
            return {"key": attribute.key, "type": "string", "value": text(value)}


def string_tag(key: str, value: str) -> Tag:
    return {"key": key, "type": "string", "value": value}


def tag_order(item: Tag) -> tuple:
    """Jaeger sorts by key, then type, then value."""
    value = item["value"]
    comparable = {"int64": int, "float64": float, "bool": bool}.get(item["type"], str)
    return item["key"], _TYPE_ORDER.index(item["type"]), comparable(value)


def text(value: AnyValue) -> str:
    """The text that a search for this value must give."""
    match value.WhichOneof("value"):
        case None:
            return ""
        case "string_value":
            return value.string_value
        case "bool_value":
            return "true" if value.bool_value else "false"
        case "int_value":
            return str(value.int_value)
        case "double_value":
            return float_text(value.double_value)
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case _:
            return _json(value)


def float_text(number: float) -> str:
    """A float as Go's encoding/json writes it: the shortest digits, an exponent only below 1e-6 and from 1e21."""
    if not math.isfinite(number):
        return "json: unsupported value: " + ("NaN" if math.isnan(number) else f"{number:+}".replace("inf", "Inf"))
    digits = repr(number)
    mantissa, _, exponent = digits.partition("e")
    if number == 0 or 1e-6 <= abs(number) < 1e21:
        plain = format(number, ".0f") if abs(number) >= 1e16 else digits
        if exponent.startswith("-"):
            plain = format(number, f".{len(mantissa.replace('.', '').lstrip('-')) - 1 - int(exponent)}f")
        return plain.removesuffix(".0")
    return f"{mantissa.removesuffix('.0')}e{int(exponent):+d}"


def _json(value: AnyValue) -> str:
    """Go's JSON of a list or a map: sorted keys, no blanks, and the characters that HTML minds escaped."""
    match value.WhichOneof("value"):
        case "array_value":
            return "[" + ",".join(_json(item) for item in value.array_value.values) + "]"
        case "kvlist_value":
            items = sorted({item.key: item.value for item in value.kvlist_value.values}.items())
            return "{" + ",".join(f"{_quoted(key)}:{_json(item)}" for key, item in items) + "}"
        case "string_value" | "bytes_value":
            return _quoted(text(value))
        case None:
            return "null"
        case _:
            return text(value)


def _quoted(value: str) -> str:
    quoted = json.dumps(value, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        quoted = quoted.replace(character, f"\\u{ord(character):04x}")
    return quoted
