"""validate: a scenario proves itself, from health to its page, through its bank of fixes, and back."""

import contextlib
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from lab import scenario
from lab.cli import options
from lab.cli.bench import machine
from lab.cli.lifecycle import Printed
from lab.cli.panic import calm, under_way
from lab.cli.proof import DIFFERENCE, Proof, Step
from lab.clients.drill import Drill
from lab.clients.load import Load
from lab.clients.prometheus import Prometheus
from lab.clients.validation import Validation
from lab.clients.warroom import Warroom
from lab.drill import rules
from lab.errors import CheckFailed, LabError, UsageError
from lab.runtime import choice
from lab.runtime.base import Runtime
from lab.runtime.state import State
from lab.scenario import Scenario

ENDED_WITHIN_S = 120.0


@click.command()
@options.name
@options.as_json
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "every", is_flag=True, help="Every scenario.")
@click.option("--fix", "fixes", multiple=True, metavar="NAME", help="Only this fix of the bank; may be repeated.")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="Only N wrong and N right fixes, drawn by --seed.")
@click.option("--bank-only", is_flag=True, help="Only the fixes; the incident itself is left out.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 10), default=1, show_default=True, help="Of all that is drawn.")
def validate(
    name: str,
    as_json: bool,
    ids: tuple[str, ...],
    every: bool,
    fixes: tuple[str, ...],
    sample: int | None,
    bank_only: bool,
    seed: int,
) -> None:
    """Prove a scenario: it pages, every wrong fix is rejected and every right one accepted, and it goes and comes back.

    For the instructor's machine. The lab is started if it is down, and made as new. A bank takes about a quarter of an
    hour. Exit code 3 if something does not hold.
    """
    wanted = _wanted(ids, every)
    if fixes and (sample or len(wanted) > 1):
        raise UsageError("--fix names fixes of one scenario, and leaves nothing to --sample.")
    console = Console(stderr=True)
    lab, _ = choice.for_up(State(name), "auto")
    if not lab.status().ready:
        lab.up(Printed(console))
    results = []
    with _room(lab) as (room, load), Warroom(lab.endpoint("warroom")) as pager, Drill(lab.endpoint("warroom")) as drill:
        if under_way(drill):
            raise UsageError(rules.UNDER_WAY)
        watch = Watched(Prometheus(lab.endpoint("prometheus")), pager, load)
        banks = {one.id: _chosen(room.described(one.id)["fixes"], fixes, sample, seed, one.id) for one in wanted}
        with _baseline_afterwards(lab, room, load, drill):
            for one in wanted:
                console.print(f"[bold]{one.id}[/], {len(banks[one.id])} fixes", highlight=False)
                with console.status("") as shown:
                    proof = Proof(one, room, watch, Said(console, shown))
                    results.append(_dated(proof.run(banks[one.id], seed, incident=not bank_only)))
    if as_json:
        options.print_json(results if every or len(results) > 1 else results[0])
    if wrong := [one["scenario"] for one in results if not one["passed"]]:
        raise CheckFailed(f"Not proved: {', '.join(wrong)}; the steps above that did not pass say why.")
    if not as_json:
        click.echo(f"{', '.join(one['scenario'] for one in results)}: proved.")


class Watched:
    """The lab as the proof watches it."""

    def __init__(self, prometheus: Prometheus, pager: Warroom, load: Load) -> None:
        self._prometheus = prometheus
        self._pager = pager
        self.profiles = load.profiles
        self.start = load.start

    def alerts(self) -> Sequence[Mapping[str, Any]]:
        return self._prometheus.alerts()

    def pages(self) -> Sequence[Mapping[str, Any]]:
        return self._pager.pages(1000)

    def cents(self) -> float | None:
        found = self._prometheus.query(DIFFERENCE)
        return found[0].value if found else None


class Said:
    """A line for each step, and what goes on meanwhile where there is a terminal."""

    def __init__(self, console: Console, shown: Any) -> None:
        self._console = console
        self._shown = shown

    def doing(self, text: str) -> None:
        self._shown.update(Text(text))

    def step(self, step: Step) -> None:
        mark = "[green]✓[/]" if step.passed else "[red]✗[/]"
        line = Text.from_markup(f"  {mark} [dim]{step.seconds:5.1f} s[/]  ").append(step.name)
        self._console.print(line.append(f"  {step.detail}", style="dim"), soft_wrap=True)


def _wanted(ids: Sequence[str], every: bool) -> list[Scenario]:
    if every == bool(ids):
        raise UsageError("Name a scenario, or say --all; labctl scenarios lists them.")
    known = {one.id: one for one in scenario.load_all()}
    if unknown := [one for one in ids if one not in known]:
        raise UsageError(f"There is no scenario {unknown[0]!r}; there are {', '.join(known)}.")
    return list(known.values()) if every else [known[one] for one in dict.fromkeys(ids)]


def _chosen(
    bank: Sequence[Mapping[str, Any]], fixes: Sequence[str], sample: int | None, seed: int, scenario_id: str
) -> list[str]:
    """Names of fixes; all of the bank where nothing else is asked for."""
    names = [fix["name"] for fix in bank]
    if unknown := [one for one in fixes if one not in names]:
        raise UsageError(f"{scenario_id} has no fix {unknown[0]!r}; it has {', '.join(names) or 'none'}.")
    if fixes:
        return list(fixes)
    if sample is None:
        return names
    rng = random.Random(f"{seed}/{scenario_id}/sample")
    kinds = [[fix["name"] for fix in bank if fix["right"] is right] for right in (False, True)]
    return [name for kind in kinds for name in rng.sample(kind, min(sample, len(kind)))]


@contextlib.contextmanager
def _room(lab: Runtime) -> Iterator[tuple[Validation, Load]]:
    with Validation(lab.endpoint("warroom"), lab.token("instructor")) as room:
        yield room, Load(lab.endpoint("load"))


@contextlib.contextmanager
def _baseline_afterwards(lab: Runtime, room: Validation, load: Load, drill: Drill) -> Iterator[None]:
    """Whatever ends it, Ctrl-C too: nothing is under way, only the healthy load is on, and the baseline runs.

    Where the war room took nothing on, or a drill has begun meanwhile, the lab is somebody else's and left alone."""
    try:
        yield
    finally:
        if room.begun and not _others(drill):
            _clear_up(lab, room, load)


def _others(drill: Drill) -> bool:
    try:
        return under_way(drill)
    except LabError:  # a war room that is away conducts nothing
        return False


def _clear_up(lab: Runtime, room: Validation, load: Load) -> None:
    with contextlib.suppress(LabError):
        room.end()
        end = time.monotonic() + ENDED_WITHIN_S
        while room.latest()["running"] and time.monotonic() < end:
            time.sleep(0.5)
    with contextlib.suppress(LabError):
        calm(load)
    lab.restore()


def _dated(result: dict[str, Any]) -> dict[str, Any]:
    return {**result, "ended_at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine()}
