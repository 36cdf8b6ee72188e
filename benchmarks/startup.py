"""Seconds that `labctl up` takes: with an empty state (cold), with data of an earlier run (warm), and from nothing.

`--from-nothing` clones the repository into a new folder and runs `python3 labctl.py up` there, environment included.
The lab is one of its own (`bench`) and is forgotten afterwards.
"""

import subprocess
import tempfile
import time

from support.driving import ROOT, Lab, arguments, figure, report, say


def up(lab: Lab) -> float:
    began = time.monotonic()
    lab.labctl("up")
    return time.monotonic() - began


def from_nothing() -> float:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "clone", "--quiet", str(ROOT), folder], check=True)
        command = ["python3", "labctl.py"]
        began = time.monotonic()
        try:
            subprocess.run([*command, "up", "--name", "bench"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
            return time.monotonic() - began
        finally:
            subprocess.run([*command, "down", "--purge", "--name", "bench"], cwd=folder, stdout=subprocess.DEVNULL)


def main() -> None:
    options = arguments(__doc__, times=3, from_nothing=False)
    lab = Lab("bench")
    figures = []
    for n in range(options.times):
        lab.labctl("down", "--purge")
        figures.append(figure(f"up cold {n + 1}", up(lab), "s", most=10.0))
        lab.labctl("down")
        figures.append(figure(f"up warm {n + 1}", up(lab), "s", most=10.0))
        say(f"{figures[-2]['value']} s cold, {figures[-1]['value']} s warm")
    lab.labctl("down", "--purge")
    if options.from_nothing:
        figures.append(figure("up from nothing", from_nothing(), "s", most=120.0))
    report(figures)


if __name__ == "__main__":
    main()
