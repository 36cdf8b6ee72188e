"""What the processes of the local runtime are told."""

from pathlib import Path

import pytest
from kit.settings import Settings
from opentelemetry.util.re import parse_env_headers

from lab.runtime.ports import Ports
from lab.runtime.programs import SERVICES, programs
from lab.runtime.state import State
from lab.telemetry.settings import WRITE_TOKEN
from lab.telemetry.settings import Settings as Store


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict:
    monkeypatch.setattr("lab.runtime.packages.find", lambda name: tmp_path / name)
    state = State("main", tmp_path)
    state.create()
    return {one.name: one for one in programs(state, Ports())}


def test_who_sends_telemetry_knows_what_the_store_asks_for_and_nobody_else_does(table: dict):
    token = Store.from_environment(table["telemetry"].environment).write_token
    assert len(token) == 48
    for name in (*SERVICES, "load"):
        sent = parse_env_headers(table[name].environment["OTEL_EXPORTER_OTLP_HEADERS"])
        assert sent == {WRITE_TOKEN: token}
    for name in ("runner", "prometheus", "alertmanager", "postgres"):
        assert token not in str(table[name])


def test_what_opens_a_door_is_in_no_repr(table: dict, monkeypatch: pytest.MonkeyPatch):
    for key, value in table["billing"].environment.items():
        monkeypatch.setenv(key, value)
    settings = Settings()
    assert settings.otel_exporter_otlp_headers and settings.otel_exporter_otlp_headers not in repr(settings)
