from itertools import islice
from pathlib import Path

from lab.runtime import logfile


def test_the_last_lines_and_no_more(tmp_path: Path):
    path = tmp_path / "a.log"
    path.write_text("".join(f"{n}\n" for n in range(100)))
    assert logfile.last_lines(path, 3) == "97\n98\n99"
    assert logfile.last_lines(tmp_path / "none") == ""


def test_the_rotated_file_comes_first(tmp_path: Path):
    (tmp_path / "a.log.1").write_text("old\n")
    (tmp_path / "a.log").write_text("new\nwithout an end")
    assert list(logfile.lines(tmp_path / "a.log")) == ["old", "new", "without an end"]


def test_a_service_that_never_wrote_has_no_lines(tmp_path: Path):
    assert list(logfile.lines(tmp_path / "a.log")) == []


def test_following_goes_on_in_the_new_file_after_a_rotation(tmp_path: Path):
    path = tmp_path / "a.log"
    path.write_text("one\n")
    following = logfile.lines(path, follow=True, every_s=0.001)
    assert next(following) == "one"
    with path.open("a") as file:
        file.write("two\n")
    assert next(following) == "two"
    path.rename(tmp_path / "a.log.1")
    path.write_text("three\nfour\n")
    assert list(islice(following, 2)) == ["three", "four"]
