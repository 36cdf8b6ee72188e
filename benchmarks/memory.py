"""Memory of every process of the lab at healthy load: proportional set size (PSS), children included."""

import time

from support.driving import Lab, arguments, figure, report


def main() -> None:
    options = arguments(__doc__, settle=30.0)
    lab = Lab.attach(options.name)
    time.sleep(options.settle)
    sizes = {one["name"]: one["memory_bytes"] or 0 for one in lab.status()["services"]}
    figures = [figure(f"memory of {name}", size / 1e6, "MB") for name, size in sizes.items()]
    report([*figures, figure("memory of everything", sum(sizes.values()) / 1e6, "MB", most=900.0)])


if __name__ == "__main__":
    main()
