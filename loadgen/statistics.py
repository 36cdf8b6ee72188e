"""Locust's own statistics, kept small enough for a process that runs for weeks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NoReturn

import gevent

if TYPE_CHECKING:
    from locust.stats import RequestStats

# Locust counts requests and failures by the second and forgets none; its rates look back 12 seconds.
KEPT_S = 60
EVERY_S = 60


def forget_seconds(stats: RequestStats, before: float) -> None:
    """Drops the counts of single seconds before `before` (seconds since the epoch); the sums stay."""
    for entry in (stats.total, *stats.entries.values()):
        for counts in (entry.num_reqs_per_sec, entry.num_fail_per_sec):
            for second in [second for second in counts if second < before]:
                del counts[second]


def keep_small(stats: RequestStats) -> NoReturn:
    """To be run in a greenlet of its own."""
    while True:
        gevent.sleep(EVERY_S)
        forget_seconds(stats, time.time() - KEPT_S)
