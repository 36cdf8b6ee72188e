"""CPU of every process of the lab at healthy load, in per cent of one core, children included."""

import time

import psutil
from support.driving import Lab, arguments, figure, report


def seconds(pid: int, others: set[int]) -> float:
    """CPU seconds that a process and its descendants have used, without `others` and theirs."""
    total = 0.0
    waiting = [pid]
    while waiting:
        try:
            process = psutil.Process(waiting.pop())
            times = process.cpu_times()
            waiting += [child.pid for child in process.children() if child.pid not in others]
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def main() -> None:
    options = arguments(__doc__, seconds=30.0)
    lab = Lab.attach(options.name)
    pids = {one["name"]: one["pid"] for one in lab.status()["services"] if one["pid"]}
    named = set(pids.values())  # the supervisor's children have figures of their own
    before = {name: seconds(pid, named) for name, pid in pids.items()}
    began = time.monotonic()
    time.sleep(options.seconds)
    span = time.monotonic() - began
    shares = {name: 100 * (seconds(pid, named) - before[name]) / span for name, pid in pids.items()}
    figures = [figure(f"cpu of {name}", share, "% of a core") for name, share in shares.items()]
    report([*figures, figure("cpu of everything", sum(shares.values()), "% of a core")])


if __name__ == "__main__":
    main()
