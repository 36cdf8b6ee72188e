import gzip
import json
from pathlib import Path

import pytest

from lab.errors import LabError, UsageError
from lab.runtime import images as module
from lab.runtime.base import Silent
from lab.runtime.composition import Composition
from lab.runtime.images import Images, listed, pin, unpin
from lab.runtime.state import ROOT
from tests.dockers import CONFIG, FakeDocker, FakeRunning

OURS = "3am-lab/services:0.1.0"
LABEL = 'image inspect --format {{.Created}} {{index .Config.Labels "lab.sources"}}'
LONG_AGO, LATER = "2001-01-01T00:00:00.123Z", "2999-01-01T00:00:00.123Z"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "REGISTRY_S", 0.0)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small checkout."""
    (tmp_path / "compose").mkdir()
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "app.py").write_text("1")
    (tmp_path / "notes.md").write_text("not of the image")
    (tmp_path / ".dockerignore").write_text("*\n!services\n!compose/init.py\n**/__pycache__\n")
    (tmp_path / "compose" / "init.py").write_text("2")
    (tmp_path / "compose" / "Dockerfile").write_text("FROM python:${LAB_BASE_VERSION}\nCOPY services services\n")
    (tmp_path / "docker-compose.yml").write_text(
        "services:\n  postgres: {image: 'postgres:${LAB_POSTGRES_VERSION}'}\n  jaeger:\n"
        "    image: jaegertracing/jaeger:${LAB_JAEGER_VERSION}\n  init: {image: '${LAB_IMAGE}:${LAB_VERSION}'}\n"
    )
    return tmp_path


def images(root: Path, **replies: object) -> Images:
    docker = FakeDocker(replies=replies.pop("replies", {}))
    composition = Composition(json.dumps(CONFIG))
    compose = lambda *words: ("compose", "--project-name", "3am-lab", *words)  # noqa: E731
    return Images(docker, composition, compose, {"LAB_PROJECT": "3am-lab"}, root=root, sleep=lambda seconds: None)


def gone(*names: str) -> dict[str, tuple[int, str]]:
    return {f"image inspect --format {{{{.Id}}}} {name}": (1, "No such image") for name in names}


# what is there


def test_what_is_missing_is_named_ours_included(root: Path):
    assert images(root).missing() == []
    assert images(root, replies=gone("grafana/grafana:13.2.0", OURS)).missing() == ["grafana/grafana:13.2.0", OURS]


def test_a_registry_that_says_nothing_offers_nothing(root: Path, monkeypatch: pytest.MonkeyPatch):
    runs = {
        "postgres:18.6": FakeRunning(None, []),
        "grafana/grafana:13.2.0": FakeRunning(None, ["Pulling from grafana"]),
    }
    some = images(root, replies=gone(*runs))
    monkeypatch.setattr(some.docker, "start", lambda *words, **_: runs[words[-1]])
    assert some.unobtainable() == {"postgres:18.6": "no registry answers"}


@pytest.mark.parametrize(
    "why", ["manifest unknown", "toomanyrequests: You have reached your pull rate limit", "Proxy: 403 Forbidden"]
)
def test_a_registry_that_refuses_offers_nothing_and_is_quoted(root: Path, why: str):
    refused = {"pull postgres": (1, f"Pulling from library\nError response from daemon: {why}.")}
    assert images(root, replies=gone("postgres:18.6") | refused).unobtainable() == {"postgres:18.6": why}


def test_ours_can_be_had_if_what_it_is_built_on_can(root: Path):
    offline = {"pull": (1, "no such host")}
    assert images(root, replies=gone(OURS) | offline).unobtainable() == {}
    assert list(images(root, replies=gone(OURS, "python:3.13") | offline).unobtainable()) == ["python:3.13"]
    assert images(root, replies=gone("python:3.13") | offline).unobtainable() == {}


def test_all_here_asks_no_registry(root: Path):
    some = images(root)
    assert some.unobtainable() == {} and not some.docker.asked("pull")


# building


def test_an_image_whose_sources_have_not_changed_is_not_built(root: Path):
    some = images(root)
    some.docker.replies[LABEL] = f"{LONG_AGO} {some.sources()}"
    some.ensure(Silent())
    assert not some.docker.asked("compose build")


@pytest.mark.parametrize("found", [f"{LATER} anotherdigest", f"{LONG_AGO} ", (1, "No such image")])
def test_one_that_is_missing_or_of_other_sources_is_built_with_their_digest(root: Path, found):
    some = images(root, replies={LABEL: found})
    some.ensure(Silent())
    assert some.docker.asked("compose build") == ["compose build init"]
    assert some.docker.environments["compose build"] == {"LAB_PROJECT": "3am-lab", "LAB_SOURCES": some.sources()}


def test_what_plain_compose_has_built_since_the_last_change_stays_but_does_not_travel(root: Path):
    some = images(root, replies={LABEL: f"{LATER} \n"})
    some.ensure(Silent())
    assert not some.docker.asked("compose build")
    some.ensure(Silent(), labelled=True)
    assert some.docker.environments["compose build"]["LAB_SOURCES"] == some.sources()


def test_the_digest_is_of_what_goes_into_the_image(root: Path):
    some = images(root)
    before = some.sources()
    (root / "notes.md").write_text("changed")
    (root / "services" / "__pycache__").mkdir()
    (root / "services" / "__pycache__" / "app.pyc").write_text("bytecode")
    assert some.sources() == before
    (root / "services" / "app.py").write_text("changed")
    assert some.sources() != before


def test_the_labels_name_is_the_one_in_the_compose_file():
    assert f'{module.LABEL}: "${{{module.SOURCES}:-}}"' in (ROOT / "docker-compose.yml").read_text()


def test_a_build_that_fails_is_said_in_its_words(root: Path):
    some = images(
        root,
        replies={
            LABEL: (1, "No such image"),
            **gone(OURS),
            "compose build": (17, "...\nfailed to solve: pip: no index"),
        },
    )
    with pytest.raises(LabError, match=r"^Building the image of the services failed \(pip: no index\); correct that"):
        some.ensure(Silent())


# pulling


def test_what_is_missing_is_pulled(root: Path):
    some = images(root, replies={**gone("postgres:18.6"), "pull": "18.6: Pulling from library/postgres"})
    some.docker.replies[LABEL] = f"{LONG_AGO} {some.sources()}"
    some.ensure(Silent())
    assert some.docker.asked("pull") == ["pull postgres:18.6"]


def test_a_pull_that_gets_no_answer_is_given_up(root: Path, monkeypatch: pytest.MonkeyPatch):
    some = images(root, replies=gone("postgres:18.6"))
    some.docker.replies[LABEL] = f"{LONG_AGO} {some.sources()}"
    monkeypatch.setattr(some.docker, "start", lambda *words, **_: FakeRunning(None, []))
    with pytest.raises(LabError, match=r"postgres:18\.6 cannot be pulled \(no registry answers\); go online, or bring"):
        some.ensure(Silent())


def test_a_long_pull_says_how_far_it_is(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "SAYING_S", -1)
    pull = FakeRunning(None, ["a: Pull complete"])
    some = images(root, replies=gone("postgres:18.6"))
    some.docker.replies[LABEL] = f"{LONG_AGO} {some.sources()}"
    some._sleep = lambda seconds: setattr(pull, "code", 0)
    monkeypatch.setattr(some.docker, "start", lambda *words, **_: pull)
    told = Told()
    some.ensure(told)
    assert told.notes[0] == "pulling postgres:18.6 (1 of 1)"
    assert told.notes[1].startswith("still pulling postgres:18.6") and told.notes[1].endswith("a: Pull complete")


class Told(Silent):
    def __init__(self):
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


# travelling


class Saving(FakeDocker):
    """Writes what `docker save --output` would."""

    def start(self, *arguments, environment=None):
        if arguments[0] == "save":
            Path(arguments[2]).write_bytes(b"tar of " + " ".join(arguments[3:]).encode())
        return super().start(*arguments, environment=environment)


@pytest.mark.parametrize("name", ["images.tar", "images.tar.gz"])
def test_all_images_go_into_one_file(root: Path, tmp_path: Path, name: str):
    some = images(root)
    docker = some.docker = Saving(replies={LABEL: f"{LONG_AGO} {some.sources()}"})
    path = tmp_path / name
    assert some.save(path, Silent()) == path.stat().st_size
    content = gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
    assert content.split()[2:] == [
        image.encode() for image in (OURS, "grafana/grafana:13.2.0", "jaegertracing/jaeger:2.20.0", "postgres:18.6")
    ]
    assert sorted(one.name for one in tmp_path.iterdir() if "images" in one.name) == [name]
    assert docker.asked("save")


def test_a_save_that_fails_leaves_nothing(root: Path, tmp_path: Path):
    some = images(root)
    some.docker = Saving(replies={LABEL: f"{LONG_AGO} {some.sources()}", "save": (1, "no space left on device")})
    with pytest.raises(LabError, match="no space left on device"):
        some.save(tmp_path / "images.tar", Silent())
    assert not [one for one in tmp_path.iterdir() if "images" in one.name]


def test_what_is_pinned_by_digest_does_not_travel(root: Path):
    some = images(root)
    some.composition._services["postgres"]["image"] = "postgres:18.6@sha256:abc"
    with pytest.raises(LabError, match="pinned by digest, which no tar keeps; labctl images lock --off"):
        some.save(root / "images.tar", Silent())


def test_a_load_says_what_did_not_come(root: Path, tmp_path: Path):
    path = tmp_path / "images.tar"
    some = images(root, replies=gone("postgres:18.6"))
    with pytest.raises(UsageError, match="There is no file"):
        some.load(path, Silent())
    path.touch()
    assert some.load(path, Silent()) == ["postgres:18.6"]
    assert some.docker.asked("load") == [f"load --input {path}"]


# locking

TABLE = "# versions\nLAB_POSTGRES_VERSION=18.6\nLAB_JAEGER_VERSION=2.20.0\nLAB_VERSION=0.1.0\nLAB_WARROOM_PORT=8400\n"


def test_each_variable_gets_its_images_digest(root: Path):
    digests = {
        f"image inspect --format {{{{json .RepoDigests}}}} {image}": f'["{image.partition(":")[0]}@sha256:{n}"]'
        for n, image in enumerate(("postgres:18.6", "jaegertracing/jaeger:2.20.0", "python:3.13"))
    }
    some = images(root, replies={**digests, "pull": "Pulling from somewhere"})
    found = some.digests(Silent())
    assert found == {
        "LAB_POSTGRES_VERSION": "sha256:0",
        "LAB_JAEGER_VERSION": "sha256:1",
        "LAB_BASE_VERSION": "sha256:2",
    }
    locked = pin(TABLE, found)
    assert "LAB_POSTGRES_VERSION=18.6@sha256:0\nLAB_JAEGER_VERSION=2.20.0@sha256:1\nLAB_VERSION=0.1.0\n" in locked
    assert pin(locked, found) == locked
    assert unpin(locked) == TABLE


def test_an_image_made_here_has_no_digest_to_lock(root: Path):
    digests = {"image inspect --format {{json .RepoDigests}}": "[]", "pull": "Pulling from somewhere"}
    with pytest.raises(LabError, match="made on this machine and has no digest"):
        images(root, replies=digests).digests(Silent())


def test_without_a_registry_nothing_is_locked(root: Path):
    with pytest.raises(LabError, match="no such host"):
        images(root, replies={"pull": (1, "dial tcp: lookup registry: no such host")}).digests(Silent())


def test_a_long_list_is_cut_short():
    assert (listed(["a"]), listed(["a", "b", "c"])) == ("a", "a and 2 more")


def test_a_build_that_fails_leaves_the_image_that_is_there(root: Path):
    some = images(root, replies={LABEL: f"{LONG_AGO} x", "compose build": (17, "pip: no index")})
    some.ensure(Silent())
    with pytest.raises(LabError, match="pip: no index"):
        some.ensure(Silent(), labelled=True)


def test_what_editors_leave_behind_is_no_source(root: Path):
    before = images(root).sources()
    for name in (".app.py.swp", "app.py~", "x.swp", ".DS_Store"):
        (root / "services" / name).write_text("x")
    assert images(root).sources() == before
