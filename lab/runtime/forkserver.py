"""supervisord that forks Python services off itself: `python -m lab.runtime.forkserver CONFIG RECORD`.

Eight services that each import FastAPI, OpenTelemetry and the rest take 6.6 s and 544 MB on two cores; forked from one
parent that has imported them, 1.6 s and 236 MB. Only libraries are preloaded, never our own code, so a restarted
service runs what is on disk.
"""

import atexit
import contextlib
import ctypes
import gc
import importlib
import os
import runpy
import shlex
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import NoReturn

from supervisor import supervisord
from supervisor.options import ServerOptions

from lab.runtime import processes
from lab.runtime.program import FORKED

PRELOADED = (
    "fastapi",
    "uvicorn.config",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "httptools",
    "uvloop",
    "httpx",
    "psycopg_pool",
    "pydantic_settings",
    "prometheus_client.openmetrics.exposition",
    "opentelemetry.sdk.trace",
    "opentelemetry.instrumentation.httpx",
    "yoyo",
)
PR_SET_NAME = 15
OWN: list[str] = []  # the names of our own modules that the supervisor has imported


class ForkingOptions(ServerOptions):
    """Records each child as it is born, and becomes the Python programs that are marked as FORKED."""

    record: Path
    preloaded = False

    def check_execv_args(self, filename: str, argv: list[str], st: os.stat_result) -> None:
        super().check_execv_args(filename, argv, st)
        if not self.preloaded and shlex.join(argv) in self.forked():
            preload()
            self.preloaded = True

    def forked(self) -> set[str]:
        configs = (config for group in self.process_group_configs for config in group.process_configs)
        return {config.command for config in configs if FORKED in (config.environment or {})}

    def fork(self) -> int:
        pid = super().fork()
        if pid:
            processes.write(self.record, pid)
        return pid

    def execve(self, filename: str, argv: list[str], env: dict[str, str]) -> None:
        if env.pop(FORKED, None):
            become(argv[1:], env)
        super().execve(filename, argv, env)


def preload() -> None:
    """Import the libraries and keep the collector from touching them, so that children share their memory."""
    for name in PRELOADED:
        importlib.import_module(name)
    if threading.active_count() != 1:
        raise RuntimeError(f"a preloaded library started a thread, which no fork survives: {threading.enumerate()}")
    OWN.extend(name for name in sys.modules if name == "lab" or name.startswith("lab."))
    gc.collect()
    gc.freeze()


def become(argv: list[str], env: dict[str, str]) -> NoReturn:
    """Run `script.py ARGUMENTS` or `-m module ARGUMENTS` as an interpreter of its own would, then end."""
    code = 1
    try:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGCHLD, signal.SIGUSR2):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        os.environ.clear()
        os.environ.update(env)
        name_process(env["SUPERVISOR_PROCESS_NAME"])
        sys.stdout = open(1, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
        # Forgotten by their known names, and not freed: to look at every name, or to free them, is to write to 2 MB of
        # memory that all share.
        forgotten = [sys.modules.pop(name) for name in OWN]
        code = run(argv)
        forgotten.clear()
        # what the interpreter does at its end: other threads first, then the exit handlers
        threading._shutdown()
        atexit._run_exitfuncs()
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def run(argv: list[str]) -> int:
    """Gives the exit code."""
    try:
        if argv[0] == "-m":
            sys.argv = argv[1:]
            sys.path[0] = os.getcwd()
            runpy.run_module(argv[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = argv
            sys.path[0] = str(Path(argv[0]).parent)
            runpy.run_path(argv[0], run_name="__main__")
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def name_process(name: str) -> None:
    """So that `ps -o comm` and `top` tell the services apart."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_NAME, f"lab-{name}".encode(), 0, 0, 0)


def main() -> None:
    config, record = sys.argv[1:]
    name_process("supervisor")
    options = ForkingOptions()
    options.record = Path(record)
    options.realize(["--nodaemon", f"--configuration={config}"])
    options.first = True
    options.test = False
    supervisord.go(options)
    options.close_httpservers()
    options.close_logger()


if __name__ == "__main__":
    main()
