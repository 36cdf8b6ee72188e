"""Whether customers are content, and what an incident cost them, from what Prometheus says."""

import math
import re

import pytest
from warroom.customers import Customers
from warroom.harm import Harm

from lab.clients.prometheus import Prometheus
from lab.drill.judgement import Judgement
from lab.errors import LabError
from tests.integration.warroom.world import ROUTES, World

ORDERS, PAGES = ("checkout", "/orders"), ("orders", "/accounts/{account}/orders")


@pytest.fixture
def world() -> World:
    world = World()
    world.pass_(100)
    return world


@pytest.fixture
def prometheus(world: World) -> Prometheus:
    return Prometheus("http://prometheus", transport=world.transport())


@pytest.fixture
def customers(prometheus: Prometheus) -> Customers:
    return Customers(prometheus)


@pytest.fixture
def harm(prometheus: Prometheus, customers: Customers) -> Harm:
    return Harm(prometheus, customers)


def content(customers: Customers, world: World, seconds: float = 60) -> bool:
    return customers.content(world.seconds - seconds, world.seconds)


def test_on_an_ordinary_day_they_are(customers: Customers, world: World) -> None:
    assert content(customers, world)
    moments = list(customers.moments(world.seconds - 60, world.seconds))
    assert len(moments) == 31 and moments[-1] == (world.seconds, True)


@pytest.mark.parametrize("fate", ["failing", "slow", "absent"])
@pytest.mark.parametrize("route", [ORDERS, PAGES, ("promotions", "/promotions")])
def test_one_route_is_enough_to_be_unhappy_about(customers: Customers, world: World, fate: str, route: tuple) -> None:
    getattr(world, fate).add(route)
    world.pass_(12)
    assert not content(customers, world)


@pytest.mark.parametrize("fate", ["failing", "slow"])
def test_a_break_ends_it_for_as_long_as_it_is_in_sight(customers: Customers, world: World, fate: str) -> None:
    getattr(world, fate).add(ORDERS)
    world.pass_(2)
    getattr(world, fate).clear()
    world.pass_(60)
    assert not content(customers, world)
    world.pass_(12)
    assert content(customers, world)


def test_two_late_answers_of_a_quiet_route_are_nobody_s_business(customers: Customers, world: World) -> None:
    world.slow.add(("promotions", "/promotions"))
    world.pass_(2)
    world.slow.clear()
    world.pass_(10)
    assert content(customers, world)


def test_nobody_who_asks_is_not_content(customers: Customers, world: World) -> None:
    world.running.clear()
    world.pass_(14)
    assert not content(customers, world, 10)


def test_customers_without_any_figures_are_not_content(world: World) -> None:
    fresh = World(seconds=world.seconds)
    assert not content(Customers(Prometheus("http://prometheus", transport=fresh.transport())), world)


def test_half_of_checkouts_customers_shed_is_traffic_enough(customers: Customers, world: World, monkeypatch) -> None:
    monkeypatch.setitem(ROUTES, ORDERS, 3.5)
    world.pass_(70)
    assert content(customers, world)


def test_who_is_charged_wrongly_is_not_content_whatever_the_answers_say(customers: Customers, world: World) -> None:
    world.wrong_cents_a_second = 0.5
    world.pass_(20)
    world.wrong_cents_a_second = 0
    assert not content(customers, world)
    world.pass_(62)
    assert content(customers, world), "what was wrong before is no growth"


@pytest.mark.parametrize(
    ("fate", "said"),
    [
        ("failing", r"^\d\d\.\d% of customers' requests failed$"),
        ("slow", r"^\d+ of \d+ answers of checkout /orders took longer than 500 ms$"),
        ("absent", "^checkout answered no customer$"),
    ],
)
def test_what_they_are_unhappy_about_is_said(customers: Customers, world: World, fate: str, said: str) -> None:
    assert customers.unrest(world.seconds - 30, world.seconds) == ""
    getattr(world, fate).add(ORDERS)
    if fate == "absent":
        world.absent |= {route for route in ROUTES if route[0] == "checkout"}
    world.pass_(12)
    assert re.search(said, customers.unrest(world.seconds - 30, world.seconds))


def test_prometheus_away_is_an_error_and_no_answer(customers: Customers, world: World) -> None:
    world.down.add("prometheus")
    with pytest.raises(LabError, match="Prometheus does not answer"):
        content(customers, world)


def test_harm_is_what_came_from_the_trigger_on(harm: Harm, world: World) -> None:
    trigger = world.seconds
    world.failing.add(ORDERS)
    world.wrong_cents_a_second = 2
    world.pass_(60)
    world.failing.clear()
    world.wrong_cents_a_second = 0
    world.pass_(100)
    found = harm.between(trigger, world.seconds)
    assert (found.orders_lost, found.money_wrong_cents) == (420, 120)
    assert 60 <= found.out_of_slo_s <= 72
    assert harm.between(world.seconds - 60, world.seconds).orders_lost == 0


def test_the_first_failures_that_there_ever_were_count(harm: Harm, world: World) -> None:
    """Their series begins with them: increase() would not see these."""
    trigger = world.seconds
    world.failing.add(ORDERS)
    world.pass_(2)
    assert harm.between(trigger, world.seconds).orders_lost == 14


def test_a_load_that_began_anew_is_counted_on(harm: Harm, world: World) -> None:
    trigger = world.seconds
    world.failing.add(ORDERS)
    world.pass_(20)
    books = world.counters["books", ()]
    world.counters.clear()
    world.counters["books", ()] = books
    world.pass_(20)
    assert harm.between(trigger, world.seconds).orders_lost == 280


def test_levelled_books_have_been_wrong_all_the_same(harm: Harm, world: World) -> None:
    trigger = world.seconds
    world.wrong_cents_a_second = 1
    world.pass_(20)
    world.counters["books", ()] = 0
    world.pass_(20)
    assert harm.between(trigger, world.seconds).money_wrong_cents == 20 + 18


def test_what_a_judgement_does_to_customers_is_not_the_incidents(harm: Harm, world: World) -> None:
    trigger = world.seconds
    world.failing.add(ORDERS)
    world.pass_(20)
    world.failing.clear()
    world.pass_(40)
    cost = harm.between(trigger, world.seconds)
    assert cost.orders_lost == 140 and cost.out_of_slo_s >= 20
    began = world.seconds
    world.failing.add(ORDERS)
    world.wrong_cents_a_second = 3
    world.pass_(60)  # the replay, and 20 s in which pools do not come free
    ended = began + 40
    world.failing.clear()
    world.wrong_cents_a_second = 0
    world.pass_(60)
    judged = [Judgement(began, ended, math.inf)]
    assert harm.between(trigger, world.seconds, judged) == cost
    assert harm.between(trigger, world.seconds).orders_lost == 140 + 420
    goes_on = harm.between(trigger, world.seconds, [Judgement(began, ended, ended)])
    assert cost.orders_lost < goes_on.orders_lost < 140 + 140


def test_what_nobody_knows_of_is_no_harm(harm: Harm, world: World) -> None:
    """Prometheus has forgotten, or was not there."""
    trigger = world.seconds
    world.pass_(60)
    world.history = {at: values for at, values in world.history.items() if at <= trigger}
    assert harm.between(trigger + 20, world.seconds).out_of_slo_s == 0


def test_a_long_drill_is_read_piece_by_piece_and_counts_the_same(harm: Harm, world: World) -> None:
    trigger = world.seconds
    world.failing.add(ORDERS)
    world.pass_(1_000)
    assert harm.between(trigger, world.seconds).orders_lost == 7_000
