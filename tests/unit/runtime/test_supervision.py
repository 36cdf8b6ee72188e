import shlex
import xmlrpc.client
from pathlib import Path

import pytest
from supervisor.options import ServerOptions
from supervisor.xmlrpc import Faults

from lab.errors import LabError
from lab.runtime import supervision
from lab.runtime.program import FORKED, Program
from lab.runtime.state import State


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State("main", tmp_path)
    state.create()
    return state


def parsed(state: State, *programs: Program) -> dict:
    """The configuration as supervisord itself reads it: program configurations by name."""
    path = state.config / "supervisord.conf"
    path.write_text(supervision.configuration(state, programs, superuser=False))
    options = ServerOptions()
    options.realize(["--nodaemon", f"--configuration={path}"])
    return {group.name: group.process_configs[0] for group in options.process_group_configs}


def test_supervisord_reads_what_is_meant(state: State):
    program = Program(
        "billing",
        ["/usr/bin/env", "python", "a b", "100%"],
        environment={"DATABASE_URL": "postgresql://lab:x@/lab?host=%2Ftmp%2Fa", "PORT": "8401"},
        forked=True,
        stop_signal="INT",
    )
    config = parsed(state, program)["billing"]
    assert shlex.split(config.command) == program.command
    assert config.environment == program.environment | {FORKED: "1"}
    assert (config.autostart, config.killasgroup, config.stopasgroup, config.redirect_stderr) == (
        False,
        True,
        False,
        True,
    )
    assert config.stopsignal == 2
    assert config.stdout_logfile == str(state.logs / "billing.log")
    assert config.stdout_logfile_maxbytes == 20 * 2**20


def test_who_exits_is_started_again_whatever_the_code(state: State):
    config = parsed(state, Program("billing", ["true"]))["billing"]
    assert config.autorestart.__name__ == "RestartUnconditionally"


@pytest.mark.parametrize("text", ["it's", 'a"b', "a;b", "a #b", "a\nb", "a\\b"])
def test_what_supervisord_would_read_differently_is_refused(state: State, text: str):
    with pytest.raises(LabError, match="supervisord cannot take"):
        supervision.configuration(state, [Program("billing", ["true", text])], superuser=False)


def test_nobody_at_the_socket_is_no_supervisor(state: State):
    assert not supervision.Supervisor(state).answers()


@pytest.mark.parametrize(
    "what", [lambda lab: lab.processes(), lambda lab: lab.start("billing"), lambda lab: lab.stop("x")]
)
@pytest.mark.parametrize(
    "error",
    [xmlrpc.client.Fault(Faults.SHUTDOWN_STATE, "SHUTDOWN_STATE"), xmlrpc.client.ProtocolError("/RPC2", 500, "no", {})],
)
def test_a_supervisor_that_shuts_down_is_away(state: State, monkeypatch: pytest.MonkeyPatch, what, error: Exception):
    def fail(*arguments) -> None:
        raise error

    monkeypatch.setattr(xmlrpc.client.ServerProxy, "_ServerProxy__request", fail)
    with pytest.raises(supervision.Away) as raised:
        what(supervision.Supervisor(state))
    assert isinstance(raised.value, LabError) and isinstance(raised.value, ConnectionError)
    assert not supervision.Supervisor(state).answers()


def test_nobody_at_the_socket_is_one_sentence(state: State):
    with pytest.raises(LabError, match="The lab's supervisor does not answer"):
        supervision.Supervisor(state).processes()
