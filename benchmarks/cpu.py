"""CPU of every process of the lab at healthy load, in per cent of one core, children included."""

import time

import psutil
from support.driving import Lab, arguments, figure, report


def seconds(pid: int) -> float:
    """CPU seconds that a process and its children have used."""
    total = 0.0
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def main() -> None:
    options = arguments(__doc__, seconds=30.0)
    lab = Lab.attach(options.name)
    pids = {one["name"]: one["pid"] for one in lab.status()["services"] if one["pid"]}
    before = {name: seconds(pid) for name, pid in pids.items()}
    began = time.monotonic()
    time.sleep(options.seconds)
    span = time.monotonic() - began
    shares = {name: 100 * (seconds(pid) - before[name]) / span for name, pid in pids.items()}
    figures = [figure(f"cpu of {name}", share, "% of a core") for name, share in shares.items()]
    report([*figures, figure("cpu of everything", sum(shares.values()), "% of a core")])


if __name__ == "__main__":
    main()
