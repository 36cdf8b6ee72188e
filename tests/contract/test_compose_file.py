"""docker-compose.yml as written: hardened, in step with the local runtime, and within what it promises to take."""

import re
from urllib.parse import urlsplit

import pytest
import yaml

from lab import onward, releases
from lab.runtime import database, mounted, outside, programs
from lab.runtime.ports import OFFSETS, Ports
from lab.runtime.state import ROOT, State

FILE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = FILE["services"]
TABLE = dict(
    line.split("=", 1) for line in (ROOT / ".env").read_text().splitlines() if line and not line.startswith("#")
)
LIMIT_MIB = 2048  # of all containers that go on running
CONTAINERS = 17
ROOTS = {"0", "root", "0:0"}
PYTHON = [name for name, service in SERVICES.items() if service["image"] == "${LAB_IMAGE}:${LAB_VERSION}"]


def mebibytes(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([mg])", text).groups()
    return int(number) * (1024 if unit == "g" else 1)


@pytest.fixture(params=sorted(SERVICES))
def service(request) -> dict:
    return SERVICES[request.param]


def test_it_is_hardened(service):
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service and "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"].partition(":")[0] not in ROOTS
    assert service["init"] is True
    assert service["pids_limit"] > 0
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


def test_it_says_whether_it_is_healthy_and_comes_back(service):
    if service is SERVICES["init"]:
        assert service["restart"] == "no"
        return
    assert service["restart"] == "unless-stopped"
    check = service["healthcheck"]
    assert check["test"][0] == "CMD" and check["interval"] and check["timeout"]
    assert "start_interval" not in check  # Docker 20.10 refuses it


def test_it_listens_on_this_machine_alone_at_a_port_of_the_table(service):
    for port in service.get("ports", []):
        variable = re.fullmatch(r"127\.0\.0\.1:\$\{(LAB_[A-Z]+_PORT)\}:\d+", port)
        assert variable and variable[1] in TABLE, port


def test_it_has_nothing_of_the_host_but_configuration_to_read(service):
    for volume in service.get("volumes", []):
        source, _, rest = volume.partition(":")
        if source.startswith((".", "/")):
            allowed = ("./compose/", "./alerts/", "./dashboards")
            if service is SERVICES["warroom"]:
                allowed = (*allowed, "./scenarios")
            assert source.startswith(allowed) and rest.endswith(":ro"), volume
            assert (ROOT / source).exists(), volume
        else:
            assert source in FILE["volumes"], volume


def test_it_fixes_no_name_that_a_second_lab_could_not_have(service):
    fixed = {"container_name", "hostname"} | (set() if service is SERVICES["init"] else {"network_mode"})
    assert not fixed & service.keys()
    assert all("name" not in (network or {}) for network in FILE["networks"].values())


def test_the_runner_knows_nobody_and_is_known_to_the_war_room_alone():
    """What a team writes runs in it, so it has neither key nor volume, and no route out; test_confinement.py tries."""
    assert not {"volumes", "ports", "depends_on", "secrets"} & SERVICES["runner"].keys()
    assert SERVICES["runner"]["environment"] == {"OPS_PORT": 8460}
    assert FILE["networks"]["bench"] == {"internal": True}
    joined = {name: one["networks"] for name, one in SERVICES.items() if "networks" in one}
    assert joined == {"runner": ["bench"], "warroom": ["default", "bench"]}


def test_every_volume_is_used_and_keys_go_to_their_reader_alone():
    mounts = [(name, volume) for name, service in SERVICES.items() for volume in service.get("volumes", [])]
    assert {volume.partition(":")[0] for _, volume in mounts if not volume.startswith(".")} == set(FILE["volumes"])
    readers: dict[str, set[str]] = {}
    for name, volume in mounts:
        if volume.startswith("keys-") and name != "init":
            assert volume.endswith(":/keys:ro"), volume
            readers.setdefault(volume.partition(":")[0], set()).add(name)
    with_database = set(programs.SERVICES) - set(programs.WITHOUT_DATABASE)
    assert readers == {
        "keys-warroom": {"warroom"},
        "keys-alertmanager": {"alertmanager"},
        "keys-postgres": {"postgres"},
        "keys-services": with_database - {"processor"},
        "keys-processor": {"processor"},
        "keys-grafana": {"grafana"},
        "keys-telemetry": {"jaeger", "telemetry"},
    }


def test_who_is_launched_reads_the_releases_and_only_the_war_room_writes_them():
    mounts = {
        (name, volume) for name, one in SERVICES.items() for volume in one.get("volumes", []) if "/releases" in volume
    }
    assert mounts == {
        ("init", "releases:/volumes/releases"),
        ("warroom", "releases:/releases"),
        *((name, "releases:/releases:ro") for name in releases.SERVICES),
    }
    assert set(releases.SERVICES) == set(programs.SERVICES) - {"warroom"}


def test_releases_and_roles_of_the_database_are_as_in_the_local_runtime(tmp_path):
    state = State("main", tmp_path)
    state.create()
    for name in programs.SERVICES:
        local = programs._service(name, state, Ports()).environment
        inside = SERVICES[name]["environment"]
        for key in ("RELEASES", "RELEASES_DIR", "RELEASE_ROOT"):
            assert (key in local) == (key in inside), (name, key)
        for key in ("DATABASE_URL", "WARDEN_URL", "READER_URL"):
            urls = [urlsplit(environment.get(key, "")).username for environment in (local, inside)]
            assert urls[0] == urls[1], (name, key)
        assert ("RELEASE_ROOT" in inside) == (name in programs.OUTSIDE)


def test_all_of_it_together_takes_no_more_than_promised():
    running = [service for service in SERVICES.values() if service["restart"] != "no"]
    assert len(running) <= CONTAINERS
    assert sum(mebibytes(service["mem_limit"]) for service in running) <= LIMIT_MIB


def test_every_variable_stands_in_the_table_or_has_a_default():
    used = re.findall(r"\$\{([A-Z_]+)(:-[^}]*)?\}", (ROOT / "docker-compose.yml").read_text())
    assert {name for name, default in used if not default} <= set(TABLE)
    unused = set(TABLE) - {name for name, _ in used} - {"COMPOSE_PROFILES"}
    assert not unused


def test_versions_are_full_ones():
    for name, value in TABLE.items():
        if name.endswith("_VERSION"):
            assert re.match(r"v?\d+\.\d+", value), f"{name}={value}"


def test_profiles_are_on_by_default_and_only_what_ci_cannot_have_is_in_one():
    profiles = {profile for service in SERVICES.values() for profile in service.get("profiles", [])}
    assert profiles == set(TABLE["COMPOSE_PROFILES"].split(",")) == {"grafana", "loki"}


def test_ports_are_the_local_runtimes():
    ports = Ports(8400)
    for name in OFFSETS:
        assert TABLE[f"LAB_{name.upper()}_PORT"] == str(ports.main(name))
    for name, service in SERVICES.items():
        environment = service.get("environment", {})
        if "PORT" in environment:
            assert (environment["PORT"], environment["OPS_PORT"]) == (ports.main(name), ports.ops(name))


def test_a_service_reaches_whom_it_reaches_in_the_local_runtime():
    for name, peers in programs.CALLS.items():
        if name == "warroom":
            continue
        urls = {key for key in SERVICES[name]["environment"] if key.endswith("_URL") and key != "DATABASE_URL"}
        assert urls == {f"{peer.upper()}_URL" for peer in peers}, name
        assert ("DATABASE_URL" in SERVICES[name]["environment"]) == (
            name in programs.SERVICES and name not in programs.WITHOUT_DATABASE
        ), name
        for peer in peers:
            assert SERVICES[name]["environment"][f"{peer.upper()}_URL"] == f"http://{peer}:{Ports(8400).main(peer)}"


def test_the_war_room_reaches_the_whole_company():
    environment = SERVICES["warroom"]["environment"]
    for name in programs.COMPANY:
        assert environment[f"{name.upper()}_URL"] == f"http://{name}:{Ports(8400).main(name)}"


def test_the_ai_provider_is_known_to_the_war_room_alone_and_by_the_environment_alone():
    for name, service in SERVICES.items():
        found = {key: value for key, value in service.get("environment", {}).items() if key.startswith("AI_")}
        assert found == ({key: f"${{{key}:-}}" for key in outside.AI} if name == "warroom" else {}), name
    assert not [name for name in TABLE if name.startswith("AI_")]


def test_who_else_is_paged_is_known_to_init_and_makes_alertmanager_anew():
    """Compose makes a container anew whose environment is another; only then does Alertmanager read its file again."""
    for name, service in SERVICES.items():
        found = {key: value for key, value in service.get("environment", {}).items() if key.startswith("ONWARD_")}
        expected = {key: f"${{{key}:-}}" for key in onward.NAMES} if name in ("init", "alertmanager") else {}
        assert found == expected, name


def test_without_grafana_no_link_leads_there():
    """Services take an empty variable for one that is not set, and Grafana for what is there."""
    assert SERVICES["warroom"]["environment"]["PROFILES"] == "${COMPOSE_PROFILES:-none}"


def test_alertmanager_reads_what_init_makes_of_its_configuration():
    assert mounted.MADE_BY == {"alertmanager": "init"}
    assert "./alerts/alertmanager.yml:/app/alerts/alertmanager.yml:ro" in SERVICES["init"]["volumes"]
    assert "--config.file=/keys/alertmanager.yml" in SERVICES["alertmanager"]["command"]


def test_the_database_is_set_as_in_the_local_runtime():
    given = dict(option.removeprefix("-c").split("=", 1) for option in SERVICES["postgres"]["command"][1:])
    only_local = {"listen_addresses", "unix_socket_permissions"}
    assert given == {key: value for key, value in database.SETTINGS.items() if key not in only_local}


def test_prometheus_is_started_as_in_the_local_runtime(tmp_path, monkeypatch):
    monkeypatch.setattr(programs.packages, "find", lambda name: tmp_path / name)
    local = programs._prometheus(programs.State("main", tmp_path), Ports()).command

    def flags(command):
        own = ("--config.file", "--storage.tsdb.path", "--web.listen-address")
        return {flag for flag in command if flag.startswith("--") and not flag.startswith(own)}

    assert flags(SERVICES["prometheus"]["command"]) == flags(local)


def test_every_target_of_prometheus_is_a_container_with_metrics():
    (groups,) = [yaml.safe_load(path.read_text()) for path in (ROOT / "compose" / "targets").glob("*.json")]
    found = {group["labels"]["service"]: group["targets"] for group in groups}
    expected = {
        name: [f"{name}:{service['environment']['OPS_PORT']}"]
        for name, service in SERVICES.items()
        if "PORT" in service.get("environment", {})
    }
    assert found == expected | {"jaeger": ["jaeger:8889"], "prometheus": ["prometheus:9090"]}


def test_every_python_service_sends_its_telemetry_to_jaeger():
    for name in PYTHON:
        if name in ("init", "telemetry", "runner"):
            continue
        assert SERVICES[name]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://jaeger:4318"


def test_health_is_asked_with_what_is_in_the_image():
    """Where the images were looked up: their own Dockerfiles."""
    tools = {
        "bash": set(PYTHON),
        "wget": {"prometheus", "alertmanager", "jaeger"},
        "curl": {"grafana"},
        "pg_isready": {"postgres"},
    }
    for name, service in SERVICES.items():
        if name not in ("init", "loki"):
            assert name in tools[service["healthcheck"]["test"][1]], name
