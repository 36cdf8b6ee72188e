import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lab.runtime import mounted
from lab.runtime.composition import Composition
from lab.runtime.containers import Container, parse
from lab.runtime.mounted import Unreadable
from tests.dockers import inspected

BEFORE, AFTER = time.time() - 3600, time.time() + 3600


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small checkout, as it is made under the usual umask."""
    for name in ("alerts/alertmanager.yml", "alerts/rules/a.yml", "compose/jaeger.yml", "private/notes.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    for path in tmp_path.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return tmp_path


def composition(root: Path) -> Composition:
    def service(*sources: str) -> dict:
        binds = [{"type": "bind", "source": str(root / source), "target": "/x"} for source in sources]
        return {"image": "i", "volumes": [*binds, {"type": "volume", "source": "data", "target": "/data"}]}

    services = {
        "init": service("alerts/alertmanager.yml"),
        "alertmanager": service(),
        "prometheus": service("alerts/rules", "not-there"),
        "jaeger": service("compose/jaeger.yml", "/etc/hostname"),
        "billing": service(),
    }
    return Composition(json.dumps({"services": services}))


def running(**began: float | None) -> list[Container]:
    """Containers and when they were started; those that are not named after all files were written."""
    times = dict.fromkeys(("alertmanager", "prometheus", "jaeger", "billing"), AFTER) | began
    return [
        parse(
            inspected(name, started_at=datetime.fromtimestamp(at, UTC).isoformat()) if at else inspected(name, "exited")
        )
        for name, at in times.items()
    ]


def outdated(root: Path, **began: float | None) -> list[str]:
    return [one.service for one in mounted.outdated(composition(root), running(**began), root)]


def test_a_checkout_of_the_usual_umask_can_be_read(root: Path):
    (root / "private").chmod(0o700)  # nobody mounts it
    mounted.require_readable(composition(root), root)


@pytest.mark.parametrize(
    ("closed", "mode", "words", "remedy"),
    [
        (["compose/jaeger.yml"], 0o600, "who may not read compose/jaeger.yml;", "chmod -R a+rX compose in"),
        (["alerts/rules/a.yml"], 0o640, "who may not read alerts/rules;", "chmod -R a+rX alerts in"),
        (["alerts/rules"], 0o754, "who may not read alerts/rules;", "chmod -R a+rX alerts in"),
        (
            ["alerts/rules", "compose/jaeger.yml", "alerts/alertmanager.yml"],
            0o700,
            "who may not read alerts/alertmanager.yml and 2 more;",
            "chmod -R a+rX alerts compose in",
        ),
    ],
)
def test_what_is_closed_to_others_is_refused_with_the_command_that_opens_it(
    root: Path, closed: list[str], mode: int, words: str, remedy: str
):
    for name in closed:
        (root / name).chmod(mode)
    with pytest.raises(Unreadable) as refused:
        mounted.require_readable(composition(root), root)
    assert words in str(refused.value) and remedy in str(refused.value)


def test_a_virtual_machine_shows_every_user_its_own_files(root: Path, monkeypatch: pytest.MonkeyPatch):
    (root / "compose" / "jaeger.yml").chmod(0o600)
    monkeypatch.setattr(mounted.sys, "platform", "darwin")
    mounted.require_readable(composition(root), root)


def test_what_has_not_changed_since_goes_on(root: Path):
    assert outdated(root) == []
    assert outdated(root, billing=BEFORE) == []


def test_whose_file_has_changed_since_is_named_and_so_is_who_reads_it_by_way_of_init(root: Path):
    assert outdated(root, jaeger=BEFORE) == ["jaeger"]
    assert outdated(root, alertmanager=BEFORE, prometheus=BEFORE, billing=BEFORE) == ["alertmanager", "prometheus"]


def test_what_does_not_run_reads_its_files_when_it_starts(root: Path):
    assert outdated(root, jaeger=None) == []


def test_a_file_that_is_as_old_as_before_but_another_one_counts(root: Path):
    os.utime(root / "compose" / "jaeger.yml", (1, 1))
    assert outdated(root, jaeger=BEFORE) == ["jaeger"]


def test_what_tools_leave_is_neither_read_nor_a_change(root: Path, monkeypatch: pytest.MonkeyPatch):
    (root / "alerts" / "rules" / ".ruff_cache").mkdir()
    (root / "alerts" / "rules" / ".ruff_cache" / "x").touch(mode=0o600)
    mounted.require_readable(composition(root), root)
    assert not [path for path in mounted._within(root / "alerts" / "rules") if ".ruff_cache" in path.parts]
