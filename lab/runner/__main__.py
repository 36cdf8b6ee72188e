"""`python -m lab.runner --port 8410`, or `--socket PATH` for a socket that only its owner reaches."""

import argparse
import signal
import sys
import threading
from functools import partial
from pathlib import Path

from lab.runner import checks
from lab.runner.server import Runner, serving


def main() -> int:
    parser = argparse.ArgumentParser(prog="lab.runner", description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--port", type=int)
    where.add_argument("--socket", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--alone", action="store_true", help="empty the folder for temporary files after each job")
    given = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with serving(given.socket or (given.host, given.port), Runner(partial(checks.run, alone=given.alone))):
            stop.wait()
    except OSError as error:
        place = given.socket or f"{given.host}:{given.port}"
        print(f"The runner cannot listen at {place} ({error}); give another place.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
