"""The drills' log on disk: all or none, in order, never changed, and never read past what is broken."""

import sqlite3
import threading
from pathlib import Path

import pytest
from warroom.chronicle import Chronicle, Overtaken

from lab.drill.event import Noted
from lab.drill.instant import Instant
from lab.errors import LabError

NOW = Instant(at=1e9, tick=5.0, boot="b")


def notes(*texts: str) -> list[Noted]:
    return [Noted(text=text) for text in texts]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "drill.sqlite"


@pytest.fixture
def chronicle(path: Path) -> Chronicle:
    chronicle = Chronicle(path)
    chronicle.append("team", notes("one", "two"), 0, NOW)
    return chronicle


def texts(chronicle: Chronicle, after: int = 0) -> list[str]:
    return [one.what.text for one in chronicle.events(after)]


def test_what_was_written_is_read_by_whoever_opens_it_next(chronicle: Chronicle, path: Path) -> None:
    (three,) = chronicle.append("lab", notes("three"), 2, NOW)
    assert (three.number, three.who, three.when) == (3, "lab", NOW)
    assert texts(Chronicle(path)) == ["one", "two", "three"]
    assert texts(Chronicle(path), after=2) == ["three"]


@pytest.mark.parametrize("expect", [0, 1, 3])
def test_who_decided_on_an_older_state_writes_nothing(chronicle: Chronicle, expect: int) -> None:
    with pytest.raises(Overtaken):
        chronicle.append("team", notes("late", "later"), expect, NOW)
    assert texts(chronicle) == ["one", "two"]


def test_of_many_at_once_one_is_first(chronicle: Chronicle) -> None:
    won: list[str] = []

    def attempt(text: str) -> None:
        try:
            chronicle.append("team", notes(text), 2, NOW)
            won.append(text)
        except Overtaken:
            pass

    threads = [threading.Thread(target=attempt, args=(f"t{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert texts(chronicle) == ["one", "two", *won]


@pytest.mark.parametrize("statement", ["UPDATE events SET line = '{}'", "DELETE FROM events WHERE number = 1"])
def test_events_are_neither_changed_nor_deleted(chronicle: Chronicle, path: Path, statement: str) -> None:
    with sqlite3.connect(path) as database, pytest.raises(sqlite3.IntegrityError, match="never"):
        database.execute(statement)
    database.close()
    assert texts(chronicle) == ["one", "two"]


def break_it(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as database:
        database.execute("DROP TRIGGER unchangeable")
        database.execute("DROP TRIGGER undeletable")
        database.execute(statement)
    database.close()


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE events SET line = substr(line, 1, 30) WHERE number = 2", "Event 2 .* cannot be read"),
        ("UPDATE events SET line = replace(line, 'noted', 'sung') WHERE number = 2", "Event 2 .* cannot be read"),
        ("UPDATE events SET line = replace(line, '\"number\":2', '\"number\":7') WHERE number = 2", "it is number 7"),
        ("DELETE FROM events WHERE number = 1", "Event 1 .* missing"),
        ("UPDATE events SET number = 9 WHERE number = 2", "Event 2 .* missing"),
    ],
)
def test_a_broken_line_is_named_and_not_passed_over(chronicle: Chronicle, path: Path, statement: str, says: str):
    break_it(path, statement)
    with pytest.raises(LabError, match=says) as error:
        list(Chronicle(path).events())
    assert "\n" not in str(error.value) and str(path) in str(error.value)


def test_a_file_of_another_lab_is_left_alone(chronicle: Chronicle, path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 2")
    database.close()
    with pytest.raises(LabError, match="format 2"):
        Chronicle(path)


def test_a_file_that_is_no_database_is_a_sentence(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("so long " * 1000)
    with pytest.raises(LabError, match="cannot be used"):
        Chronicle(path)
    assert path.read_text().startswith("so long")
