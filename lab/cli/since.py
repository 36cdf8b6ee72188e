"""A moment in the past as people name it: `10m` ago, or a time as the logs show it."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day

import click

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Since(click.ParamType):
    """Gives microseconds since the epoch. A time without a zone is UTC, one without a date the last such. `clock` gives
    seconds since the epoch."""

    name = "when"

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock

    def convert(self, value: str | int, param: click.Parameter | None, context: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        if re.fullmatch(r"([0-9]{1,6}[smhd])+", value):
            ago = sum(int(count) * SECONDS[unit] for count, unit in re.findall(r"([0-9]+)([smhd])", value))
            return max(0, int((self._clock() - ago) * 1_000_000))
        try:
            return int(self._moment(value).timestamp() * 1_000_000)
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is no time: give how long ago, such as 90s, 10m or 2h, or a time in UTC, such as 02:45 or "
                "2026-11-23T02:45:00",
                param,
                context,
            )

    def _moment(self, value: str) -> datetime:
        if not re.match(r"\d\d:\d\d", value):
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        now = datetime.fromtimestamp(self._clock(), UTC)
        clock = time_of_day.fromisoformat(value)
        moment = datetime.combine(now.date(), clock, clock.tzinfo or UTC)
        return moment if moment <= now else moment - timedelta(days=1)
