"""supervisord for a lab: its configuration, and its XML-RPC interface on a Unix socket."""

import http.client
import shlex
import socket
import xmlrpc.client
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.runtime.program import FORKED, Program
from lab.runtime.state import State

# fault codes, as in supervisor.xmlrpc.Faults
SHUTDOWN_STATE = 6
ALREADY_STARTED = 60
NOT_RUNNING = 70
# supervisord waits 1, 2, 3 s between attempts and then gives up; the keeper begins anew, so it never waits longer.
START_RETRIES = 3
STOP_WAIT_S = 6
TIMEOUT_S = 30


def socket_path(state: State) -> Path:
    return state.sockets / "supervisor.sock"


def configuration(state: State, programs: Sequence[Program], *, superuser: bool) -> str:
    """The text of supervisord.conf."""
    sections = [
        ("unix_http_server", {"file": socket_path(state), "chmod": "0700"}),
        (
            "rpcinterface:supervisor",
            {"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"},
        ),
        (
            "supervisord",
            {
                "nodaemon": "true",
                "silent": "true",
                "nocleanup": "true",
                "logfile": state.logs / "supervisor.log",
                "logfile_maxbytes": "5MB",
                "logfile_backups": "1",
                "pidfile": state.run / "supervisor.pid",
            }
            | ({"user": "root"} if superuser else {}),
        ),
        *((f"program:{program.name}", _program(state, program)) for program in programs),
    ]
    lines = []
    for title, values in sections:
        lines += [f"[{title}]", *(f"{key}={str(value).replace('%', '%%')}" for key, value in values.items()), ""]
    return "\n".join(lines)


def _program(state: State, program: Program) -> dict[str, object]:
    environment = program.environment | ({FORKED: "1"} if program.forked else {})
    for text in (*program.command, *environment.values()):
        if any(character in text for character in "\"'\\;#\n"):
            raise LabError(f"supervisord cannot take {text!r}: move the checkout to a path without quotes, ; or #.")
    values = {
        "command": shlex.join(program.command),
        "directory": program.folder,
        "autostart": "false",
        "autorestart": "true",
        "startsecs": "1",
        "startretries": START_RETRIES,
        "stopsignal": program.stop_signal,
        "stopwaitsecs": STOP_WAIT_S,
        "stopasgroup": "false",
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": state.logs / f"{program.name}.log",
        "stdout_logfile_maxbytes": "20MB",
        "stdout_logfile_backups": "1",
        "environment": ",".join(f'{key}="{value}"' for key, value in environment.items()),
    }
    return values | ({"user": program.user} if program.user else {})


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path):
        super().__init__("localhost", timeout=TIMEOUT_S)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(str(self.path))
        except OSError:
            self.close()
            raise


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: Path):
        super().__init__()
        self.path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        self._connection = host, _Connection(self.path)
        return self._connection[1]


class Away(LabError, ConnectionError):
    """The supervisor does not answer, or ends just now."""

    def __init__(self, why: object):
        super().__init__(f"The lab's supervisor does not answer ({why}); run labctl up if the lab ought to be up.")


class Supervisor:
    """The running supervisord. Every call but `answers` raises Away if nobody answers."""

    def __init__(self, state: State):
        self.path = socket_path(state)

    def _call(self, method: str, *arguments: object) -> Any:
        try:
            with xmlrpc.client.ServerProxy("http://localhost/RPC2", transport=_Transport(self.path)) as proxy:
                return getattr(proxy.supervisor, method)(*arguments)
        except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as error:
            raise Away(error) from error
        except xmlrpc.client.Fault as error:
            if error.faultCode == SHUTDOWN_STATE:
                raise Away("it is shutting down") from error
            raise

    def answers(self) -> bool:
        try:
            return self._call("getState")["statename"] == "RUNNING"
        except Away:
            return False

    def processes(self) -> dict[str, dict[str, Any]]:
        """By name: `statename`, `pid` (0: none), `start`, `now` (epoch seconds), `spawnerr`."""
        return {info["name"]: info for info in self._call("getAllProcessInfo")}

    def start(self, name: str) -> None:
        self._tolerating(ALREADY_STARTED, "startProcess", name, False)

    def stop(self, name: str) -> None:
        """Ask it to stop; returns at once."""
        self._tolerating(NOT_RUNNING, "stopProcess", name, False)

    def shutdown(self) -> None:
        self._call("shutdown")

    def _tolerating(self, fault: int, method: str, *arguments: object) -> None:
        try:
            self._call(method, *arguments)
        except xmlrpc.client.Fault as error:
            if error.faultCode != fault:
                raise LabError(f"supervisord refused {method} {arguments[0]}: {error.faultString}.") from error
