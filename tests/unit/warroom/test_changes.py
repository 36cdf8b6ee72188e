"""What differs between two trees, as a patch that people read."""

from pathlib import Path

import pytest
from warroom.changes import LARGEST, Changes, compared

from lab.errors import UsageError
from lab.releases import EDITABLE, Releases
from tests.unit.warroom.deploy.test_bundle import packed


@pytest.fixture
def changes(tmp_path: Path) -> Changes:
    source, besides = tmp_path / "source", tmp_path / "workspace"
    for name in EDITABLE:
        (source / name).mkdir(parents=True)
        (source / name / "app.py").write_text("x = 1\n")
    (besides / "tests").mkdir(parents=True)
    (besides / "tests" / "test_x.py").write_text("def test(): ...\n")
    (besides / "guardrails").mkdir()
    (besides / "guardrails" / ".gitkeep").touch()
    (tmp_path / "releases").mkdir()
    (tmp_path / "spec.md").write_text("- Money is right.\n")
    releases = Releases(tmp_path / "releases")
    releases.lay_out(source)
    return Changes(releases, besides, tmp_path / "spec.md")


def paths(found: dict) -> list[str]:
    return [one["path"] for one in found["files"]]


def test_a_bundle_is_compared_with_all_that_the_lab_put_into_the_workspace(changes: Changes):
    more = {"tests/test_x.py": b"def test(): ...\n", "team-spec.md": b"- Money is right.\n- To the cent.\n"}
    found = changes.of_bundle(packed(more | {"guardrails/lint/a.yml": b"id: a\n", "orders/pages.py": b"y = 2\n"}))
    assert paths(found) == ["guardrails/lint/a.yml", "orders/pages.py", "team-spec.md"]
    assert "--- /dev/null\n+++ b/orders/pages.py\n@@ -0,0 +1 @@\n+y = 2\n" in found["patch"]
    assert "+- To the cent.\n" in found["patch"]


def test_what_was_left_out_is_shown_as_taken_away(changes: Changes):
    found = changes.of_bundle(packed({"team-spec.md": b"- Money is right.\n"}))
    assert found["files"] == [{"path": "tests/test_x.py", "added": 0, "removed": 1}]
    assert "+++ /dev/null\n" in found["patch"]


def test_a_bundle_that_is_none_is_refused(changes: Changes):
    with pytest.raises(UsageError, match="The release lacks billing"):
        changes.of_bundle(packed(leave_out="billing"))


def test_what_is_no_text_and_a_last_line_without_an_end_are_said(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"\xff\xfe")
    (tmp_path / "b").write_bytes(b"x")
    found = compared({}, {"a": tmp_path / "a", "b": tmp_path / "b"})
    assert found["files"] == [{"path": "a", "added": 0, "removed": 0}, {"path": "b", "added": 1, "removed": 0}]
    assert "@@ no text @@\n" in found["patch"] and found["patch"].endswith("+x\n\\ No newline at end of file\n")


def test_a_patch_that_nobody_reads_is_cut_at_a_line(tmp_path: Path):
    (tmp_path / "a").write_text("word " * 20 + "\n" + ("x" * 99 + "\n") * (LARGEST // 50))
    found = compared({}, {"a": tmp_path / "a"})
    assert LARGEST - 200 < len(found["patch"]) <= LARGEST and found["patch"].endswith("x\n")
