"""What time it is, in a way that a crash of this process does not confuse."""

import time
import uuid
from functools import cache
from pathlib import Path

from lab.drill.instant import Instant

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# Goes on while the machine sleeps. Elsewhere than on Linux, the monotonic clock is as near as one gets.
CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now() -> Instant:
    return Instant(at=time.time(), tick=time.clock_gettime(CLOCK), boot=_boot())


@cache
def _boot() -> str:
    """The kernel's id of this boot. Without one, an id of this process: its ticks are compared with no other's then."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return uuid.uuid4().hex
