"""Which process listens where: a block of 100 ports a lab, fixed places within it."""

import socket
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

import psutil

from lab.errors import LabError, UsageError

DEFAULT_BASE = 8400
BLOCK = 100
HOST = "127.0.0.1"
OFFSETS = {
    "warroom": 0,
    "billing": 1,
    "processor": 2,
    "checkout": 3,
    "inventory": 4,
    "promotions": 5,
    "orders": 6,
    "partner": 7,
    "load": 8,
    "telemetry": 9,
    "prometheus": 90,
    "alertmanager": 93,
}
# what only containers have: a process of the lab's own needs no port for PostgreSQL
OF_CONTAINERS = {"grafana": 91, "postgres": 92, "jaeger": 94}
OPS_OFFSET = 50
WITH_OPS = [name for name, offset in OFFSETS.items() if offset < OPS_OFFSET]


class Ports:
    def __init__(self, base: int = DEFAULT_BASE):
        self.base = base

    def main(self, service: str) -> int:
        return self.base + OFFSETS[service]

    def ops(self, service: str) -> int:
        return self.main(service) + OPS_OFFSET

    def url(self, service: str) -> str:
        return f"http://{HOST}:{self.main(service)}"

    def ops_url(self, service: str) -> str:
        return f"http://{HOST}:{self.ops(service)}"

    def all(self) -> dict[int, str]:
        """Every port of the block that the lab's processes take, with the service it is for."""
        ports = {self.main(name): name for name in OFFSETS}
        return ports | {self.ops(name): name for name in WITH_OPS}

    def published(self) -> dict[str, int]:
        """Service → the port on this machine of its container."""
        return {name: self.base + offset for name, offset in (OFFSETS | OF_CONTAINERS).items()}

    def block(self) -> set[int]:
        """What the lab takes as processes or as containers."""
        return {*self.all(), *self.published().values()}


class Holder(NamedTuple):
    """Who has a port: `what` says it in words, `lab` is the lab that it is of, if it is one's."""

    what: str
    lab: str | None = None


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: TIME_WAIT is not taken
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def listener(port: int) -> psutil.Process | None:
    """The process that listens on the port, if this user may see it."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return None
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
            try:
                return psutil.Process(connection.pid)
            except psutil.Error:
                break
    return None


def require_free(
    wanted: Mapping[int, str], base: int, held_by: Callable[[int], Holder], free: Callable[[int], bool] = is_free
) -> None:
    """Refuse, naming the holder, before anything is started; `wanted` is port → service."""
    for port, service in sorted(wanted.items()):
        if not free(port):
            holder = held_by(port)
            end = f"end that lab with labctl down --name {holder.lab}" if holder.lab else "end that process"
            raise LabError(
                f"Port {port}, which {service} needs, is held by {holder.what}: {end}, "
                f"or take other ports with labctl up --port-base {base + BLOCK}."
            )


def choose_base(name: str, asked: int | None, recorded: int | None, others: Collection[int]) -> int:
    """What was asked for; else what was recorded; else 8400, or for a further lab the next free block."""
    if asked is not None:
        if not 1024 <= asked <= 65_000:
            raise UsageError(f"Ports cannot begin at {asked}; take a base from 1024 to 65000.")
        return asked
    if recorded is not None:
        return recorded
    return next_block(DEFAULT_BASE, others) if others or name != "main" else DEFAULT_BASE


def next_block(first: int, recorded: Collection[int], free: Callable[[int], bool] = is_free) -> int:
    """The base of the first block from `first` on that no other lab has recorded and nobody listens in."""
    for base in range(first, 65_000 - BLOCK, BLOCK):
        if not _overlaps(base, recorded) and all(free(port) for port in Ports(base).block()):
            return base
    raise LabError(f"No free block of {BLOCK} ports from {first} on; say where with --port-base.")


def _overlaps(base: int, recorded: Iterable[int]) -> bool:
    return any(abs(base - other) < BLOCK for other in recorded)
