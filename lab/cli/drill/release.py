"""deploy, rollback, releases: bringing the workspace's services into the running lab, and back."""

import time
from typing import Any

import click
from rich.text import Text

from lab.cli import options
from lab.cli.drill import session, showing
from lab.clients.drill import LARGEST_RELEASE, Drill
from lab.errors import CheckFailed, LabError, UsageError
from lab.runtime.base import Whose

POLL_S = 0.5
LIMIT_S = 300


@session.command(reads=True)
@click.option(
    "--status", "only_status", is_flag=True, help="Follow the deploy under way, or see how the last one went."
)
def deploy(name: str, whose: Whose | None, as_json: bool, only_status: bool) -> None:
    """Check, test and release the workspace's services. Exit code 3 if they are refused or rolled back.

    What counts is what is on disk, committed or not.
    """
    with session.room(name, whose) as room:
        begun = room.deployment() if only_status else room.deploy(pack(name, room))
        found = follow(room, begun, quiet=as_json)
    if as_json:
        options.print_json(found)
    why = (found.get("why") or "the steps above say why").rstrip(".")
    if found["state"] == "failed":
        raise LabError(f"The deploy did not work: {why}.")
    if found["state"] != "deployed":
        raise CheckFailed(f"The release was {found['state'].replace('-', ' ')}: {why}.")
    if not as_json:
        click.echo(f"{found['release']} runs; labctl drill verify replays the incident against it.")


@session.command()
@click.argument("release", required=False)
@session.why("What is wrong with the present one")
def rollback(name: str, whose: Whose | None, release: str | None, why: str) -> None:
    """Go back to RELEASE, or to the baseline; the same as act rollback."""
    with session.room(name, whose) as room:
        found = room.act("rollback", [release] if release else [], why)
    click.echo(f"{found['release']} runs again.")


@session.command(reads=True)
def releases(name: str, whose: Whose | None, as_json: bool) -> None:
    """This drill's releases, and which of them runs."""
    with session.room(name, whose) as room:
        found = room.releases()
    if as_json:
        options.print_json(found)
    else:
        options.console().print(showing.table(found))


def pack(name: str, room: Drill) -> bytes:
    """The workspace of the drill under way. Raises UsageError for what is no release, before anything is sent."""
    workspace = session.workspace(name)
    drill = room.status().get("id")
    if not drill:
        raise UsageError("No drill is under way; an instructor starts one with labctl drill start.")
    if not workspace.has(drill):
        raise UsageError(
            "The workspace is still that of an earlier drill; open this one's with labctl drill workspace."
        )
    packed = workspace.pack()
    if len(packed) > LARGEST_RELEASE:
        raise UsageError(
            f"The release has {len(packed) // 1024} kB packed, and the war room takes 1024; leave data out."
        )
    return packed


def follow(room: Drill, found: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    """Says how each step of a deploy went, from `found` on; gives the outcome."""
    console = options.console()
    deadline = time.monotonic() + LIMIT_S
    said = 0
    with console.status("deploying"):
        while True:
            done = [step for step in found.get("steps", []) if step["state"] != "running"]
            for step in done[said:]:
                if not quiet:
                    line = Text.assemble("  ", showing.mark(step["state"] == "passed"), f" {step['name']}")
                    line.append(f"  {step.get('detail') or ''}".rstrip(), style="dim")
                    console.print(line, soft_wrap=True)
            said = len(done)
            if found["state"] != "running":
                return found
            if time.monotonic() > deadline:
                raise LabError(
                    f"The deploy is not done after {LIMIT_S} s; see labctl drill releases and labctl logs warroom."
                )
            time.sleep(POLL_S)
            found = room.deployment()
