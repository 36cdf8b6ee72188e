"""Who speaks, and what is said: the commands that change the drill."""

import io

import pytest

from lab import cli

from .conftest import STATUS, Room

OK = {"ok": True}


@pytest.fixture
def taking(room: Room) -> Room:
    """A war room that takes everything."""
    for path in ("pause", "resume", "advance", "abort", "override", "gate/open", "gate/shut"):
        room.says(f"POST /{path}", OK)
    for path in ("note", "act", "write", "close"):
        room.says(f"POST /{path}", OK)
    room.says("POST /assess", {"phase": "dark-room"})
    room.says("POST /hint", {"text": "What do all slow requests have in common?"})
    return room


@pytest.mark.parametrize(
    ("words", "path", "body", "said"),
    [
        (["pause", "--why", " lunch "], "/pause", {"why": "lunch"}, "Paused"),
        (["resume", "--why", "back"], "/resume", {"why": "back"}, "dark-room, 21:30 left"),
        (["advance"], "/advance", {}, "dark-room, 21:30 left"),
        (["hint"], "/hint", {}, "What do all slow requests have in common?"),
        (["override", "--why", "shown on paper"], "/override", {"why": "shown on paper"}, "dark-room"),
        (["gate", "shut", "--why", "talk first"], "/gate/shut", {"why": "talk first"}, "The gate is shut."),
        (["gate", "open", "--why", "go"], "/gate/open", {"why": "go"}, "The gate is open."),
        (["abort", "--why", "fire alarm"], "/abort", {"why": "fire alarm"}, "Aborted"),
        (
            ["assess", "critical", "Nobody can check out."],
            "/assess",
            {"severity": "critical", "hurt": "Nobody can check out."},
            "critical: Nobody can check out.\nYou are in the dark room: stop the harm",
        ),
        (["note", "P99 is up"], "/note", {"text": "P99 is up"}, "Noted."),
        (
            ["act", "restart", "checkout", "orders", "--why", "stuck"],
            "/act",
            {"action": "restart", "on": ["checkout", "orders"], "why": "stuck"},
            "restart checkout orders: done",
        ),
        (["act", "shed", "--why", "buys time"], "/act", {"action": "shed", "on": [], "why": "buys time"}, "shed: done"),
        (["write", "prevent", "Two words"], "/write", {"part": "prevent", "text": "Two words"}, "2 words"),
    ],
)
def test_what_is_said_is_sent(taking: Room, capsys, words: list[str], path: str, body: dict, said: str) -> None:
    assert cli.main(["drill", *words]) == 0
    assert taking.sent == [(path, body)]
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["pause"], "--why"),
        (["pause", "--why", "  "], "--why is empty"),
        (["abort", "--why", "x" * 501], "--why has 501 characters; say it in 500 at most"),
        (["gate", "ajar", "--why", "x"], "'open'"),
        (["assess", "bad", "all"], "'critical'"),
        (["assess", "critical", ""], "HURT is empty"),
        (["note", "x" * 5_001], "5000 at most"),
        (["act", "reboot", "--why", "x"], "'restart'"),
        (["act", "restart", "--why", "x"], "Say what to restart"),
        (["act", "stop-job", "Nightly Job", "--why", "x"], "'Nightly Job' is no service and no job"),
        (["write", "prevent"], "one of them"),
        (["write", "excuses", "x"], "'latent-defect'"),
        (["write", "prevent", "x" * 20_001], "20000 at most"),
        (["write", "prevent", "--file", "/no/such"], "No such file"),
        (["note", "x", "--as", "bystander"], "'team'"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_sent(
    taking: Room, capsys, words: list[str], sentence: str
) -> None:
    assert cli.main(["drill", *words]) == 2
    assert sentence in capsys.readouterr().err
    assert taking.asked == []


def test_a_part_can_come_from_a_file_or_a_pipe(taking: Room, tmp_path, monkeypatch) -> None:
    path = tmp_path / "part.md"
    path.write_text("Über Summen\n")
    assert cli.main(["drill", "write", "prevent", "--file", str(path)]) == 0
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"piped"), encoding="utf-8"))
    assert cli.main(["drill", "write", "detect", "--file", "-"]) == 0
    assert [body["text"] for _, body in taking.sent] == ["Über Summen", "piped"]


def test_a_file_that_is_no_text_is_refused(taking: Room, tmp_path, capsys) -> None:
    path = tmp_path / "part.md"
    path.write_bytes(b"\xff\xfe")
    assert cli.main(["drill", "write", "prevent", "--file", str(path)]) == 2
    assert "UTF-8" in capsys.readouterr().err
    assert taking.asked == []


def test_the_team_speaks_unless_somebody_else_is_named(taking: Room, lab, monkeypatch) -> None:
    def spoken(*words: str) -> str:
        assert cli.main(["drill", "note", "x", *words]) == 0
        return taking.tokens()[-1]

    assert spoken() == lab.token("team")
    assert spoken("--as", "instructor") == lab.token("instructor")
    monkeypatch.setenv("LAB_TOKEN", " from-elsewhere ")
    assert spoken() == "from-elsewhere"
    assert spoken("--as", "team") == lab.token("team")


def test_a_token_that_is_none_is_not_sent(taking: Room, monkeypatch, capsys) -> None:
    monkeypatch.setenv("LAB_TOKEN", "two words")
    assert cli.main(["drill", "note", "x"]) == 2
    assert "LAB_TOKEN holds no token" in capsys.readouterr().err
    assert taking.asked == []


@pytest.mark.parametrize(
    "words", [["pause", "--why", "x"], ["hint"], ["advance"], ["start", "--random"], ["gate", "open", "--why", "x"]]
)
def test_a_team_is_told_how_to_be_an_instructor(room: Room, capsys, words: list[str]) -> None:
    path = "gate/open" if words[0] == "gate" else words[0]
    room.says(f"POST /{path}", {"detail": "This is not the instructor token of this lab."}, status=403)
    assert cli.main(["drill", *words]) == 2
    said = capsys.readouterr().err
    assert said.startswith("labctl: Only an instructor may ") and said.endswith("; add --as instructor.\n")


def test_a_drill_that_owes_something_closes_with_3(taking: Room, capsys) -> None:
    taking.says("POST /close", STATUS | {"phase": "closed"}, STATUS | {"phase": "closed", "owed": []})
    assert cli.main(["drill", "close"]) == 3
    assert "owes an accepted root cause, a verified fix" in capsys.readouterr().err
    assert cli.main(["drill", "close"]) == 0


@pytest.mark.parametrize(
    "words", [["status"], ["note", "x"], ["start", "--random"], ["deploy"], ["probe", "orders", "GET", "/"]]
)
def test_a_lab_that_is_down_is_said_to_be(lab, capsys, words: list[str]) -> None:
    from lab.runtime.base import Silent

    lab.down(Silent())
    assert cli.main(["drill", *words]) == 1
    assert "Lab main is not up" in capsys.readouterr().err
