"""Which process listens where: a block of 100 ports a lab, fixed places within it."""

import socket
from collections.abc import Callable, Collection, Iterable

import psutil

from lab.errors import LabError

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
        """Every port of the block that the lab takes, with the service it is for."""
        ports = {self.main(name): name for name in OFFSETS}
        return ports | {self.ops(name): name for name in WITH_OPS}


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: TIME_WAIT is not taken
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def holder(port: int) -> str:
    """Who listens on the port, as 'name (pid 12)'."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        connections = []
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
            try:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
            except psutil.Error:
                break
    return "a process of another user"


def require_free(ports: Ports, free: Callable[[int], bool] = is_free, held_by: Callable[[int], str] = holder) -> None:
    """Refuse, naming the holder, before anything is started."""
    for port, service in sorted(ports.all().items()):
        if not free(port):
            raise LabError(
                f"Port {port}, which {service} needs, is held by {held_by(port)}: end that process, "
                f"or take other ports with labctl up --port-base {ports.base + BLOCK}."
            )


def next_block(first: int, recorded: Collection[int], free: Callable[[int], bool] = is_free) -> int:
    """The base of the first block from `first` on that no other lab has recorded and nobody listens in."""
    for base in range(first, 65_000 - BLOCK, BLOCK):
        if not _overlaps(base, recorded) and all(free(port) for port in Ports(base).all()):
            return base
    raise LabError(f"No free block of {BLOCK} ports from {first} on; say where with --port-base.")


def _overlaps(base: int, recorded: Iterable[int]) -> bool:
    return any(abs(base - other) < BLOCK for other in recorded)
