import page_latency
import pytest
from page_latency import Trigger

from lab import scenario

FLASH_SALE = next(one for one in scenario.load_all() if one.id == "flash-sale")


def figures(runs: list[Trigger]) -> dict[str, float | None]:
    found = page_latency.summarise(FLASH_SALE, runs)
    return {one["name"].removeprefix("flash-sale: "): one["value"] for one in found}


def test_a_page_that_never_came_is_no_number_of_seconds():
    found = figures([Trigger(to_symptom=8.0, to_page=20.0), Trigger(to_symptom=9.0, trouble=["no page"])])
    assert found["load start to page, median"] == 20.0
    assert found["load start to page, worst"] is None
    assert found["passed"] == 1


def test_a_page_of_another_story_spoils_the_run():
    found = figures([Trigger(to_symptom=8.0, to_page=20.0, unexpected={"BooksDisagree processor"})])
    assert (found["unexpected pages"], found["passed"]) == (1, 0)


def test_symptom_to_page():
    assert Trigger(to_symptom=8.0, to_page=20.5).after_symptom == 12.5
    assert Trigger(to_symptom=8.0).after_symptom is None


def test_times_of_prometheus_and_of_the_war_room():
    assert page_latency.epoch("2026-11-22T23:00:00.5Z") == pytest.approx(1795388400.5)
    assert page_latency.epoch("2026-11-22T23:00:00+00:00") == 1795388400


def test_the_median_of_two_is_between_them():
    found = figures([Trigger(to_symptom=8.0, to_page=20.0), Trigger(to_symptom=8.0, to_page=22.0)])
    assert (found["load start to page, median"], found["load start to page, worst"]) == (21.0, 22.0)
