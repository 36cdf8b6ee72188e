"""pages: who was woken by what, and the acknowledgement."""

import click
from rich.table import Table
from rich.text import Text

from lab.cli import options
from lab.clients.warroom import Warroom


@click.group(invoke_without_command=True)
@options.name
@options.as_json
@click.pass_context
def pages(context: click.Context, name: str, as_json: bool) -> None:
    """List the pages, open ones first; `labctl pages ack ID` acknowledges one."""
    context.obj = name
    if context.invoked_subcommand:
        return
    with Warroom(options.endpoint(name, "warroom")) as warroom:
        found = warroom.pages()
    if as_json:
        options.print_json(found)
        return
    if not found:
        click.echo("No page so far.")
        return
    table = Table("id", "alert", "severity", "status", "service", "since", "acknowledged", "summary", box=None)
    for page in found:
        table.add_row(
            page["id"],
            page["alertname"],
            page["severity"],
            Text(page["status"], style="red" if page["status"] == "firing" else "dim"),
            page["service"] or "",
            _time(page["starts_at"]),
            _time(page["acknowledged_at"]) or "no",
            Text(page["summary"] or ""),
        )
    options.console().print(table)


@pages.command()
@click.option("--name", default=None, help="Which lab, where there are several.")
@click.argument("page_id", metavar="ID")
@click.pass_obj
def ack(group_name: str, name: str | None, page_id: str) -> None:
    """Acknowledge the page ID as the team."""
    lab = name or group_name
    url = options.endpoint(lab, "warroom")
    with Warroom(url, options.token(lab, "team")) as warroom:
        page = warroom.acknowledge(page_id)
    click.echo(f"{page['alertname']} on {page['service']} is acknowledged, {_time(page['acknowledged_at'])}.")


def _time(stamp: str | None) -> str:
    """The time of day of an ISO 8601 time stamp, in UTC."""
    return f"{stamp[11:19]}Z" if stamp else ""
