import random
import sqlite3

import pytest

from lab.telemetry import otlp
from lab.telemetry.archive import DoesNotFit
from lab.telemetry.segment import Segment
from tests.jaeger.spans import MS, message, request, span, trace_id

MIB = 2**20


def kept(store, names) -> list[str]:
    with store.reader() as reader:
        return [name for name in names if reader.trace(trace_id(name))]


def test_telemetry_is_kept_for_its_retention_and_dropped_soon_after(new_store, clock) -> None:
    store = new_store(retention=3600)
    names = [f"minute {minute}" for minute in range(180)]
    for minute, name in enumerate(names):
        store.add_trace(name)
        clock.now += 60
        if minute % 15:
            continue
        found = kept(store, names)
        assert found == names[max(0, minute + 1 - len(found)) : minute + 1], "the kept ones are the latest"
        assert len(found) >= min(minute + 1, 60)
        assert len(found) <= 60 + 3, "a segment is a 36th of the retention: 100 s"
    assert len(list(store.folder.iterdir())) <= 2 * 40


def test_the_files_never_outgrow_their_bound(new_store, clock) -> None:
    store = new_store(max_bytes=8 * MIB)
    names = [f"trace {number}" for number in range(200)]
    largest = 0
    for name in names:
        store.add_trace(name, noise=100_000)  # 20 MB in all
        clock.now += 1
        largest = max(largest, store.bytes_on_disk())
        assert largest <= 8 * MIB
    assert largest > 6 * MIB, "the room is used"
    found = kept(store, names)
    assert found == names[-len(found) :], "the latest are the ones that are kept"
    assert len(found) > 50


def test_the_bound_holds_with_many_traces_in_each_batch_and_large_bursts(new_store, clock) -> None:
    store = new_store(max_bytes=8 * MIB)
    for burst in range(15):
        now = clock.nanoseconds
        spans = [span(f"{burst}/{i}", f"op {i}", now, MS, tags={"noise": random.randbytes(200)}) for i in range(3000)]
        store.add(request(message("orders", *spans)))
        assert store.bytes_on_disk() <= 8 * MIB
    assert kept(store, ["14/2999"])


def test_the_bound_holds_while_somebody_reads(new_store, clock) -> None:
    store = new_store(max_bytes=8 * MIB)
    store.add_trace("first", noise=50_000)
    with store.reader() as reader:
        for number in range(150):
            reader.trace(trace_id("first"))
            store.add_trace(f"trace {number}", noise=100_000)
            assert store.bytes_on_disk() <= 8 * MIB


def test_a_batch_that_can_never_fit_is_refused_and_drops_nothing(new_store) -> None:
    store = new_store(max_bytes=8 * MIB)
    store.add_trace("small")
    with pytest.raises(DoesNotFit):
        store.add_trace("large", noise=5 * MIB)
    assert kept(store, ["small", "large"]) == ["small"]


def test_a_restart_finds_everything(store, clock) -> None:
    for number in range(10):
        store.add_trace(f"trace {number}")
        clock.now += 90
    store.restart()
    store.add_trace("after")
    assert len(kept(store, [f"trace {number}" for number in range(10)])) == 10
    assert kept(store, ["after"])


def test_a_call_between_services_survives_a_restart_in_its_middle(store, clock) -> None:
    now = clock.nanoseconds
    store.add(request(message("checkout", span("t", "call", now, MS))))
    store.add(
        request(message("checkout", span("u", "call", now, MS)), message("inventory", span("u", "x", now, MS, "call")))
    )
    store.restart()
    store.add(request(message("inventory", span("t", "x", now, MS, "call"))))
    with store.reader() as reader:
        links = [row for _, rows in reader.rows("SELECT parent, child, calls FROM link") for row in rows]
    assert links == [("checkout", "inventory", 1), ("checkout", "inventory", 1)]


def test_a_clock_set_back_neither_loses_nor_reorders(store, clock) -> None:
    store.add_trace("before")
    clock.now -= 7200
    store.add_trace("back")
    store.restart()
    store.add_trace("later")
    clock.now += 7200
    store.add_trace("again")
    assert kept(store, ["before", "back", "later", "again"]) == ["before", "back", "later", "again"]
    with store.reader() as reader:
        ids = sorted(row[0] for _, rows in reader.rows("SELECT id FROM span_batch") for row in rows)
    assert len(set(ids)) == 4


def test_a_clock_set_forward_drops_only_what_is_then_too_old(store, clock) -> None:
    store.add_trace("before")
    clock.now += 3500
    store.add_trace("within")
    clock.now += 100 * 3600
    store.add_trace("far")
    clock.now += 1
    store.add_trace("further")
    assert kept(store, ["before", "within", "far", "further"]) == ["far", "further"]


def test_a_damaged_segment_is_dropped_with_a_line_and_the_rest_stays(store, clock, caplog) -> None:
    store.add_trace("old")
    clock.now += 200
    store.add_trace("new")
    store.archive.close()
    oldest = min(store.folder.glob("*.sqlite"))
    oldest.write_bytes(b"not a database, but long enough to look like one" * 100)
    store.restart()
    assert kept(store, ["old", "new"]) == ["new"]
    assert "dropping the telemetry" in caplog.text
    assert not oldest.exists()


def test_a_segment_that_can_not_be_read_now_is_left_for_the_next_opening(store, clock, caplog, monkeypatch) -> None:
    store.add_trace("old")
    clock.now += 200
    store.add_trace("new")
    store.archive.close()
    oldest, healthy = min(store.folder.glob("*.sqlite")), Segment.open

    def fails_for_the_oldest(segment: Segment) -> None:
        if segment.path == oldest:
            raise sqlite3.OperationalError("database or disk is full")
        healthy(segment)

    with monkeypatch.context() as patch:
        patch.setattr(Segment, "open", fails_for_the_oldest)
        store.restart()
    assert kept(store, ["old", "new"]) == ["new"]
    assert f"leaving the telemetry in {oldest} out: database or disk is full" in caplog.text
    store.restart()
    assert kept(store, ["old", "new"]) == ["old", "new"]


def test_a_file_of_another_name_is_nobodys_segment(store) -> None:
    store.add_trace("kept")
    stray = store.folder / "notes.sqlite"
    stray.write_text("mine")
    store.restart()
    assert kept(store, ["kept"]) == ["kept"]
    assert stray.read_text() == "mine"


def test_a_segment_dropped_meanwhile_reads_as_empty_and_one_that_fails_says_so(store, clock) -> None:
    store.add_trace("old")
    clock.now += 200
    store.add_trace("new")
    oldest = store.archive.segments()[0]
    with store.reader() as reader, pytest.raises(sqlite3.OperationalError):
        list(reader.rows("SELECT nothing FROM span_batch"))
    with store.reader() as reader:
        oldest.remove()
        assert [len(rows) for _, rows in reader.rows("SELECT id FROM span_batch")] == [1, 0]
        assert reader.payload(oldest, "span_batch", 1) is None


def test_a_commit_that_fails_leaves_nothing_behind(store, monkeypatch) -> None:
    store.add_trace("good")
    [batch], _ = otlp.span_batches(request(message("orders", span("bad", "x", 1, MS))))
    broken = type(batch)(**{name: getattr(batch, name) for name in batch.__slots__} | {"service": None})
    with pytest.raises(sqlite3.IntegrityError):
        store.archive.append([batch, broken], [])
    store.add_trace("later")
    assert kept(store, ["good", "bad", "later"]) == ["good", "later"]
