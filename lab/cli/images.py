"""images: what the containers are made of, on their way to a room without internet."""

from pathlib import Path

import click

from lab.cli import options
from lab.cli.lifecycle import Printed
from lab.errors import CheckFailed
from lab.runtime import images as of_lab
from lab.runtime.compose import ComposeRuntime
from lab.runtime.state import ROOT, State

FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
TABLE = ROOT / ".env"


@click.group()
def images() -> None:
    """Carry the containers' images to where there is no internet, or lock them."""


@images.command()
@FILE
def save(file: Path) -> None:
    """Write all images into FILE, a tar or tar.gz by its name.

    Builds and pulls what is missing first. Which images there are depends on COMPOSE_PROFILES.
    """
    console = options.console()
    with console.status("saving"):
        size = _images().save(file, Printed(console))
    console.print(
        f"{file} has {size / 2**20:.0f} MB; carry it along and run labctl images load {file.name} there.",
        highlight=False,
        soft_wrap=True,
    )


@images.command()
@FILE
def load(file: Path) -> None:
    """Bring the images in FILE to this machine's Docker. Exit code 3 if it lacks one that the lab needs."""
    console = options.console()
    with console.status("loading"):
        missing = _images().load(file, Printed(console))
    if missing:
        raise CheckFailed(f"{of_lab.listed(missing)} did not come with {file}; labctl images save writes all of them.")
    console.print("All images are here; labctl up needs no internet now.", highlight=False)


@images.command()
@click.option("--off", is_flag=True, help="Take the digests out again.")
def lock(off: bool) -> None:
    """Add to each version in .env its digest, as a registry gives it.

    LAB_POSTGRES_VERSION=18.6 becomes 18.6@sha256:..., so that nobody gets another image under the same name.
    """
    console = options.console()
    before = TABLE.read_text()
    if off:
        after = of_lab.unpin(before)
    else:
        with console.status("asking"):
            after = of_lab.pin(before, _images().digests(Printed(console)))
    TABLE.write_text(after)
    changed = sorted(set(after.splitlines()) - set(before.splitlines()))
    console.print("\n".join(changed) or "Nothing to change.", highlight=False, soft_wrap=True)


def _images() -> of_lab.Images:
    """Those of the compose file with the profiles that are on; which lab is all the same."""
    lab = ComposeRuntime(State("main"))
    lab.docker.engine()
    lab.docker.compose()
    return lab.images(lab.composition())
