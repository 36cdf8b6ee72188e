"""What the store is told by its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lab.errors import LabError

# At 250 spans and 60 log lines a second four hours take about 0.4 GB; the rest is for the incidents.
DEFAULT_MAX_BYTES = 512 * 1024 * 1024
WRITE_TOKEN = "x-write-token"  # the header
LEAST_MAX_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Settings:
    """`retention` in seconds; `max_bytes` bounds everything under `state_dir`, write-ahead logs included. Whoever sends
    telemetry has to know `write_token`, if there is one. At `storage_port` a Jaeger asks that keeps nothing itself; 0
    is none."""

    state_dir: Path
    host: str = "127.0.0.1"
    port: int = 8409
    ops_port: int = 8459
    retention: int = 4 * 3600  # the longest drill, and what comes before its page
    max_bytes: int = DEFAULT_MAX_BYTES
    write_token: str = field(default="", repr=False)
    storage_port: int = 0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read STATE_DIR, HOST, PORT, OPS_PORT, STORAGE_PORT, RETENTION, MAX_BYTES, and WRITE_TOKEN or the file that
        WRITE_TOKEN_FILE names; LabError if one makes no sense."""

        def number(name: str, default: int, least: int, most: int) -> int:
            text = environment.get(name) or str(default)
            if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
                raise LabError(f"{name} is {text!r}: give a whole number from {least} to {most}.")
            return int(text)

        state_dir = environment.get("STATE_DIR")
        if not state_dir:
            raise LabError("STATE_DIR is not set: name the folder that the telemetry store may keep its files in.")
        return cls(
            state_dir=Path(state_dir),
            host=environment.get("HOST") or cls.host,
            port=number("PORT", cls.port, 1, 65535),
            ops_port=number("OPS_PORT", cls.ops_port, 1, 65535),
            retention=number("RETENTION", cls.retention, 60, 30 * 86400),
            max_bytes=number("MAX_BYTES", cls.max_bytes, LEAST_MAX_BYTES, 1 << 40),
            write_token=environment.get("WRITE_TOKEN") or _read(environment.get("WRITE_TOKEN_FILE", "")),
            storage_port=number("STORAGE_PORT", cls.storage_port, 0, 65535),
        )


def _read(name: str) -> str:
    if not name:
        return ""
    try:
        token = Path(name).read_text().strip()
    except OSError as error:
        raise LabError(f"WRITE_TOKEN_FILE cannot be read ({error}): name the file that has the token.") from None
    if not token:  # without one, whoever reaches the port might write
        raise LabError(f"{name} is empty: write the token into it, or name another file in WRITE_TOKEN_FILE.")
    return token
