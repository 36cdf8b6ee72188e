"""sql: one statement as the role that may only read."""

import click
import psycopg
from rich.table import Table

from lab.cli import options
from lab.clients.warroom import Warroom
from lab.errors import LabError, UsageError

NO_TABLE = "42P01"  # of PostgreSQL's SQLSTATEs


@click.command()
@options.name
@options.as_json
@click.argument("statement")
def sql(name: str, as_json: bool, statement: str) -> None:
    """Run STATEMENT in the lab's database, as a role that may select and nothing else."""
    url = options.endpoint(name, "postgres")
    columns, rows = select(url, statement) if not url.startswith("http") else by_the_war_room(name, statement)
    if as_json:
        options.print_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    options.console().print(table, markup=False)


def by_the_war_room(name: str, statement: str) -> tuple[list[str], list[tuple]]:
    """As select, for a guest of a lab that runs elsewhere; all cells are text."""
    with Warroom(options.endpoint(name, "warroom"), options.token(name, "team")) as warroom:
        found = warroom.query(statement)
    if not found["whole"]:
        click.echo(f"labctl: these are the first {len(found['rows'])} rows; ask for less.", err=True)
    return found["columns"], [tuple(row) for row in found["rows"]]


def select(url: str, statement: str) -> tuple[list[str], list[tuple]]:
    """Columns and rows; one statement, in a transaction that is read-only from its beginning."""
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            connection.read_only = True
            # preparing refuses a second statement, with which the first could be undone
            cursor = connection.execute(statement, prepare=True)
            if cursor.description is None:
                raise UsageError("Only statements that give rows can be run, such as SELECT or EXPLAIN.")
            return [column.name for column in cursor.description], cursor.fetchall()
    except psycopg.OperationalError as error:
        if error.sqlstate is None:
            raise LabError("The database does not answer; see labctl status and labctl logs postgres.") from error
        raise UsageError(_sentence(error)) from error
    except psycopg.Error as error:
        raise UsageError(_sentence(error)) from error


def _sentence(error: psycopg.Error) -> str:
    reason = error.diag.message_primary or " ".join(str(error).split())
    where = "; each service has a schema of its own, such as billing.charges" if error.sqlstate == NO_TABLE else ""
    return f"PostgreSQL refused the statement: {reason}{where}."
