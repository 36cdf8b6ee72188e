"""Go's ways with durations and numbers, where Jaeger's parameters and warnings show them.

Source: package time (Duration.String, ParseDuration) and strconv.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from fractions import Fraction

_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)([^\d.]*)")


def parse_int(value: str, bits: int = 64) -> int:
    """strconv.ParseInt with base 10; ValueError with Go's words."""
    if not re.fullmatch(r"[+-]?[0-9]+", value):
        raise ValueError(f'strconv.ParseInt: parsing "{value}": invalid syntax')
    number = int(value)
    if not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
        raise ValueError(f'strconv.ParseInt: parsing "{value}": value out of range')
    return number


def parse_bool(value: str) -> bool:
    """strconv.ParseBool."""
    if value in ("1", "t", "T", "TRUE", "true", "True"):
        return True
    if value in ("0", "f", "F", "FALSE", "false", "False"):
        return False
    raise ValueError(f'strconv.ParseBool: parsing "{value}": invalid syntax')


def parse_hex(value: str) -> int:
    """strconv.ParseUint with base 16, of at most 16 digits."""
    if not re.fullmatch(r"[0-9a-fA-F]+", value):
        raise ValueError(f'strconv.ParseUint: parsing "{value}": invalid syntax')
    return int(value, 16)


def parse_duration(value: str) -> int:
    """time.ParseDuration: nanoseconds from "1.5s", "300ms", "-1m30s"."""
    sign, rest = (-1 if value.startswith("-") else 1), re.sub(r"^[+-]", "", value)
    if rest == "0":
        return 0
    total, position = Fraction(0), 0
    while rest and (part := _PART.match(rest, position)):
        number, unit = part.groups()
        if not unit:
            raise ValueError(f'time: missing unit in duration "{value}"')
        if unit not in _UNITS:
            raise ValueError(f'time: unknown unit "{unit}" in duration "{value}"')
        total += Fraction(number.rstrip(".")) * _UNITS[unit]
        position = part.end()
        if position == len(rest) and total < 2**63:
            return sign * int(total)
    raise ValueError(f'time: invalid duration "{value}"')


def duration_text(nanoseconds: int) -> str:
    """Duration.String: "1h0m0.5s", "1.5ms", "0s"."""
    sign, size = ("-" if nanoseconds < 0 else ""), abs(nanoseconds)
    if size < 10**9:
        for unit, scale in (("ms", 10**6), ("µs", 10**3), ("ns", 1)):
            if size >= scale:
                return f"{sign}{_decimal(size, scale)}{unit}"
        return "0s"
    minutes, rest = divmod(size, 60 * 10**9)
    hours, minutes = divmod(minutes, 60)
    leading = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{sign}{leading}{_decimal(rest, 10**9)}s"


def time_text(nanoseconds: int) -> str:
    """Time.String of a time in UTC: "2026-11-22 23:40:00.5 +0000 UTC"."""
    seconds, rest = divmod(nanoseconds, 10**9)
    whole = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{whole}{_fraction(rest, 10**9)} +0000 UTC"


def _decimal(number: int, scale: int) -> str:
    return f"{number // scale}{_fraction(number % scale, scale)}"


def _fraction(rest: int, scale: int) -> str:
    digits = str(rest).zfill(len(str(scale)) - 1).rstrip("0") if rest else ""
    return f".{digits}" if digits else ""
