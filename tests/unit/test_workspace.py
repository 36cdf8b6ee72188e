"""The workspace, with real git: nothing in it is ever overwritten, and a drill starts from the baseline."""

import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from lab.errors import LabError, UsageError
from lab.git import IDENTITY
from lab.workspace import BASELINE, BESIDES, EDITABLE, KEPT, Workspace, files
from tests.workspaces import checkout


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return checkout(tmp_path / "checkout")


@pytest.fixture
def workspace(tmp_path: Path, root: Path) -> Workspace:
    return Workspace(tmp_path / "lab" / "workspace", root)


def git(workspace: Workspace, *arguments: str) -> str:
    """What a member of the team would run, whatever this machine's own settings are."""
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_EDITOR": "true"}
    done = subprocess.run(
        ["git", *arguments], cwd=workspace.path, env=os.environ | settings, capture_output=True, text=True
    )
    return done.stdout.strip() or done.stderr.strip()


def test_it_is_an_export_with_one_commit_and_nothing_else(workspace: Workspace, root: Path) -> None:
    assert workspace.open("d-1") == "drill/d-1" == workspace.branch
    exported = {path: (workspace.path / path).read_bytes() for path in git(workspace, "ls-files").splitlines()}
    assert exported == {name: path.read_bytes() for name, path in files(root).items()}
    assert {name.split("/")[0] for name in exported} == {
        *EDITABLE,
        *("team-spec.md", "guardrails", "tests", "AGENTS.md", "README.md"),
        *("ruff.toml", "pytest.ini", ".gitignore"),
    }
    assert (workspace.path / "guardrails" / "lint").is_dir() and (workspace.path / "guardrails" / "tests").is_dir()
    assert git(workspace, "rev-list", "--count", "--all") == "1"
    assert git(workspace, "status", "--porcelain") == ""


def test_the_commit_is_the_labs_whoever_runs_it(workspace: Workspace, monkeypatch) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    workspace.open("d-1")
    monkeypatch.undo()
    assert (
        git(workspace, "log", "-1", "--format=%an <%ae> %cn")
        == f"{IDENTITY['name']} <{IDENTITY['email']}> {IDENTITY['name']}"
    )


def test_the_team_can_commit_on_a_machine_where_nobody_has(workspace: Workspace) -> None:
    workspace.open("d-1")
    (workspace.path / "orders" / "new.py").write_text("x = 1\n")
    git(workspace, "add", "--all")
    git(workspace, "commit", "-m", "Try")
    assert git(workspace, "log", "-1", "--format=%s by %an") == "Try by team"


def test_neither_hooks_nor_settings_of_the_machine_are_used(workspace: Workspace, tmp_path: Path, monkeypatch) -> None:
    home, trap = tmp_path / "home", tmp_path / "trap"
    hooks = home / "hooks"
    hooks.mkdir(parents=True)
    for hook in ("pre-commit", "post-checkout", "reference-transaction"):
        (hooks / hook).write_text(f"#!/bin/sh\necho {hook} >> {trap}\nexit 1\n")
        (hooks / hook).chmod(0o755)
    (home / ".gitconfig").write_text(
        f"[core]\n hooksPath = {hooks}\n excludesFile = {home}/ignore\n[commit]\n gpgSign = true\n"
        f"[init]\n templateDir = {home}/template\n"
    )
    (home / "ignore").write_text("*.py\n")
    (home / ".config" / "git").mkdir(parents=True)
    (home / ".config" / "git" / "ignore").write_text("*.py\n")
    shutil.copytree(hooks, home / "template" / "hooks")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    workspace.open("d-1")
    shutil.copytree(hooks, workspace.path / ".git" / "hooks", dirs_exist_ok=True)
    (workspace.path / "orders" / "new.py").write_text("x = 1\n")
    workspace.open("d-2")
    assert not trap.exists()
    assert "orders/new.py" in git(workspace, "ls-tree", "-r", "--name-only", "drill/d-1")


def test_what_was_not_committed_is_kept_where_it_was(workspace: Workspace) -> None:
    workspace.open("d-1")
    (workspace.path / "orders" / "app.py").write_text("# changed\n")
    (workspace.path / "notes.txt").write_text("what we know\n")
    (workspace.path / "billing" / "book.py").unlink()
    git(workspace, "add", "notes.txt")
    assert workspace.open("d-2") == "drill/d-2"
    assert git(workspace, "log", "-1", "--format=%s", "drill/d-1") == KEPT
    assert git(workspace, "show", "drill/d-1:orders/app.py") == "# changed"
    assert git(workspace, "show", "drill/d-1:notes.txt") == "what we know"
    assert "book.py" not in git(workspace, "ls-tree", "-r", "--name-only", "drill/d-1", "billing/")
    assert git(workspace, "diff", "--name-only", BASELINE) == ""
    assert not (workspace.path / "notes.txt").exists() and (workspace.path / "billing" / "book.py").exists()


def test_what_is_as_it_was_makes_no_commit(workspace: Workspace) -> None:
    workspace.open("d-1")
    workspace.open("d-2")
    assert git(workspace, "rev-list", "--count", "--all") == "1"


def test_a_drill_of_a_name_that_was_there_gets_a_branch_of_its_own(workspace: Workspace) -> None:
    workspace.open("d-1")
    (workspace.path / "orders" / "app.py").write_text("# changed\n")
    assert [workspace.open("d-1"), workspace.open("d-1")] == ["drill/d-1-2", "drill/d-1-3"]
    assert git(workspace, "show", "drill/d-1:orders/app.py") == "# changed"
    assert workspace.has("d-1") and not workspace.has("d-2")


def test_a_file_that_git_ignores_is_not_overwritten(workspace: Workspace) -> None:
    """Git itself would, without a word."""
    workspace.open("d-1")
    git(workspace, "rm", "--quiet", "orders/shipping.py")
    (workspace.path / ".git" / "info").mkdir(exist_ok=True)
    (workspace.path / ".git" / "info" / "exclude").write_text("shipping.py\n")
    (workspace.path / "orders" / "shipping.py").write_text("# mine\n")
    with pytest.raises(LabError, match="would be overwritten"):
        workspace.open("d-2")
    assert (workspace.path / "orders" / "shipping.py").read_text() == "# mine\n"


def conflicting(workspace: Workspace) -> None:
    """Two branches that change one line."""
    workspace.open("d-1")
    for branch, text in (("one", "# one\n"), ("two", "# two\n")):
        git(workspace, "checkout", "-b", branch, BASELINE)
        (workspace.path / "orders" / "callers.py").write_text(text)
        git(workspace, "commit", "--all", "-m", branch)


@pytest.mark.parametrize("how", ["merge", "cherry-pick", "rebase"])
def test_work_in_the_middle_of_something_is_kept_too(workspace: Workspace, how: str) -> None:
    conflicting(workspace)
    assert "CONFLICT" in git(workspace, how, "one")
    half = (workspace.path / "orders" / "callers.py").read_text()
    assert "<<<<<<<" in half
    assert workspace.open("d-2") == "drill/d-2" == workspace.branch
    branches = git(workspace, "branch", "--format=%(refname)").splitlines()
    kept = [branch for branch in branches if git(workspace, "show", f"{branch}:orders/callers.py") == half.strip()]
    assert len(kept) == 1
    assert git(workspace, "show", "two:orders/callers.py") in ("# two", half.strip())


def test_commits_on_no_branch_get_one(workspace: Workspace) -> None:
    workspace.open("d-1")
    git(workspace, "checkout", "--detach")
    (workspace.path / "orders" / "app.py").write_text("# changed\n")
    workspace.open("d-2")
    (kept,) = git(workspace, "branch", "--list", "kept/*", "--format=%(refname:short)").splitlines()
    assert git(workspace, "show", f"{kept}:orders/app.py") == "# changed"


def test_a_newer_lab_adds_to_the_baseline_and_touches_no_older_branch(workspace: Workspace, root: Path) -> None:
    workspace.open("d-1")
    (root / "services" / "orders" / "app.py").write_text("# newer\n")
    workspace.open("d-2")
    assert (workspace.path / "orders" / "app.py").read_text() == "# newer\n"
    assert workspace.changed() == []
    assert git(workspace, "rev-list", "--count", BASELINE) == "2"
    git(workspace, "checkout", "drill/d-1")
    assert workspace.changed() == []


def test_what_is_changed_is_told_whether_git_knows_of_it_or_not(workspace: Workspace) -> None:
    workspace.open("d-1")
    (workspace.path / "orders" / "callers.py").write_text("# changed\n")
    git(workspace, "commit", "--all", "-m", "one")
    (workspace.path / "orders" / "new ü.py").write_text("x = 1\ny = 2\n")
    (workspace.path / "billing" / "book.py").unlink()
    found = {one["path"]: (one["added"], one["removed"] > 0) for one in workspace.changed()}
    assert found == {"orders/callers.py": (1, True), "orders/new ü.py": (2, False), "billing/book.py": (0, True)}
    assert "+# changed" in workspace.diff() and "+y = 2" in workspace.diff()
    assert git(workspace, "status", "--porcelain").splitlines()[-1].startswith("??")


def unpacked(packed: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar.getmembers()}


def test_a_release_is_the_services_with_their_tests_and_the_same_bytes_each_time(
    workspace: Workspace, root: Path
) -> None:
    workspace.open("d-1")
    (workspace.path / "orders" / "__pycache__").mkdir()
    (workspace.path / "orders" / "__pycache__" / "app.pyc").write_bytes(b"\0")
    (workspace.path / "orders" / ".app.py.swp").write_bytes(b"\0")
    packed = workspace.pack()
    released = (*EDITABLE, *BESIDES)
    expected = {name: path.read_bytes() for name, path in files(root).items() if name.split("/")[0] in released}
    assert unpacked(packed) == {name: data for name, data in expected.items() if not name.endswith(".gitkeep")}
    os.utime(workspace.path / "orders" / "app.py", (0, 0))
    assert workspace.pack() == packed


def link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda path: path.write_text("def broken(:\n"), r"orders/app\.py, line 1: Python cannot read it"),
        (lambda path: path.write_bytes(b"\xff\xfe\x00"), r"orders/app\.py.*: Python cannot read it"),
        (lambda path: path.write_bytes(b"x" * 600_000), "more than 512 kB"),
        (lambda path: path.unlink(), r"app\.py is gone; bring it back"),
        (lambda path: (path.parent / "extra").symlink_to("/etc"), "orders/extra is a link"),
        (link, "is a link"),
        (lambda path: shutil.rmtree(path.parent), r"app\.py is gone"),
        (lambda path: (path.parents[1] / "tests" / "new.py").write_text("def"), r"tests/new\.py, line 1"),
        (lambda path: (path.parents[1] / "guardrails" / "lint" / "a.yml").symlink_to("/etc/passwd"), "a.yml is a link"),
    ],
)
def test_what_is_no_release_is_refused(workspace: Workspace, spoil, sentence: str) -> None:
    workspace.open("d-1")
    spoil(workspace.path / "orders" / "app.py")
    with pytest.raises(UsageError, match=sentence):
        workspace.pack()


def test_a_folder_in_the_way_is_left_alone(workspace: Workspace) -> None:
    workspace.path.mkdir(parents=True)
    (workspace.path / "notes.txt").write_text("mine\n")
    with pytest.raises(LabError, match="is in the way"):
        workspace.open("d-1")
    assert os.listdir(workspace.path) == ["notes.txt"]


@pytest.mark.parametrize("drill", ["", "../x", "a b", "-x", "x" * 62, "a..b", "d.lock"])
def test_a_drill_that_can_name_no_branch_is_refused(workspace: Workspace, drill: str) -> None:
    with pytest.raises(LabError, match="cannot name a branch"):
        workspace.open(drill)
    assert not workspace.exists()


def test_without_git_it_says_what_to_install(workspace: Workspace, monkeypatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(LabError, match=r"git is not on PATH; install it \(apt-get install git\)"):
        workspace.open("d-1")
    assert not workspace.path.exists()


def test_what_git_refuses_is_one_sentence(workspace: Workspace) -> None:
    workspace.open("d-1")
    (workspace.path / ".git" / "index.lock").touch()
    (workspace.path / "orders" / "app.py").write_text("# changed\n")
    with pytest.raises(LabError, match=r"^git add in .*index\.lock.*; mend that and try again\.$") as raised:
        workspace.open("d-2")
    assert "\n" not in str(raised.value)
    assert (workspace.path / "orders" / "app.py").read_text() == "# changed\n"
