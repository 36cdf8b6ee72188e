"""The service on whose behalf the running code works.

It is the same for a process's whole life, except in tests that hold several apps in one process.
"""

from contextvars import ContextVar

_process = "unknown"
_current: ContextVar[str | None] = ContextVar("kit_service", default=None)


def current() -> str:
    """The name of the service whose request (or lifespan) is running, else the process's."""
    return _current.get() or _process


def set_process(service: str) -> None:
    """Names the process; code outside any request belongs to this service."""
    global _process
    _process = service


enter = _current.set
leave = _current.reset
