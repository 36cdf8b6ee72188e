"""One process under the supervisor."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from lab.runtime.state import ROOT

# The environment variable that asks the supervisor for a fork instead of a new interpreter.
FORKED = "LAB_FORKED"


@dataclass(frozen=True)
class Program:
    """How a process is started, and how it shows that it is healthy.

    `forked` runs a Python program in a fork of the supervisor, which has the libraries in memory already.
    `probe` is the URL that answers 200 when the process is healthy, or `unix:` and a socket whose /healthz does;
    PostgreSQL, which has none, tells in its own way.
    """

    name: str
    command: list[str]
    folder: Path = ROOT
    environment: dict[str, str] = field(default_factory=dict)
    forked: bool = False
    user: str | None = None
    stop_signal: Literal["TERM", "INT"] = "TERM"
    url: str | None = None
    probe: str | None = None
