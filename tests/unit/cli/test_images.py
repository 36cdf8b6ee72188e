from pathlib import Path

import pytest

from lab import cli
from lab.cli import images
from lab.errors import LabError

TABLE = "# versions\nLAB_POSTGRES_VERSION=18.6\nLAB_WARROOM_PORT=8400\n"


class Stored:
    """Images of which one did not come along."""

    missing = ["grafana/grafana:13.2.0"]  # noqa: RUF012

    def save(self, path: Path, progress) -> int:
        progress.note("saving 7 images")
        return 3 * 2**20

    def load(self, path: Path, progress) -> list[str]:
        return self.missing

    def digests(self, progress) -> dict[str, str]:
        return {"LAB_POSTGRES_VERSION": "sha256:abc"}


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Stored:
    stored = Stored()
    monkeypatch.setattr(images, "_images", lambda: stored)
    monkeypatch.setattr(images, "TABLE", tmp_path / ".env")
    images.TABLE.write_text(TABLE)
    return stored


def test_save_says_how_large_it_is_and_what_to_do_there(stored: Stored, capsys):
    assert cli.main(["images", "save", "out/images.tar.gz"]) == 0
    said = capsys.readouterr().out
    assert "saving 7 images" in said
    assert "out/images.tar.gz has 3 MB" in said and "labctl images load images.tar.gz" in said


def test_load_fails_where_an_image_is_still_missing(stored: Stored, capsys, tmp_path: Path):
    assert cli.main(["images", "load", "images.tar"]) == 3
    assert "grafana/grafana:13.2.0 did not come with images.tar" in capsys.readouterr().err
    stored.missing = []
    assert cli.main(["images", "load", "images.tar"]) == 0


def test_lock_writes_the_table_and_off_takes_it_back(stored: Stored, capsys):
    assert cli.main(["images", "lock"]) == 0
    assert capsys.readouterr().out == "LAB_POSTGRES_VERSION=18.6@sha256:abc\n"
    assert images.TABLE.read_text() == TABLE.replace("18.6", "18.6@sha256:abc")
    assert cli.main(["images", "lock", "--off"]) == 0
    assert images.TABLE.read_text() == TABLE


def test_a_lock_that_fails_leaves_the_table_as_it_was(stored: Stored, monkeypatch, capsys):
    def refuse(progress):
        raise LabError("postgres:18.6 cannot be pulled (no registry answers); go online.")

    monkeypatch.setattr(stored, "digests", refuse)
    assert cli.main(["images", "lock"]) == 1
    assert "no registry answers" in capsys.readouterr().err
    assert images.TABLE.read_text() == TABLE
