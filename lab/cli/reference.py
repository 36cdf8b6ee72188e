"""docs/commands.md, from each command's own help: `python -m lab.cli.reference > docs/commands.md`."""

from collections.abc import Iterator

import click

from lab.cli import labctl

WIDTH = 100


def reference() -> str:
    parts = [
        "# Commands",
        "",
        "Made from `--help` by `python -m lab.cli.reference > docs/commands.md`; a test compares the two.",
        "",
    ]
    for words, command, context in _commands(labctl, ["labctl"], None):
        parts += [f"## {' '.join(words)}", "", "```", command.get_help(context), "```", ""]
    return "\n".join(parts)


def _commands(
    command: click.Command, words: list[str], parent: click.Context | None
) -> Iterator[tuple[list[str], click.Command, click.Context]]:
    settings = command.context_settings | {"terminal_width": WIDTH, "max_content_width": WIDTH}
    context = click.Context(command, parent=parent, info_name=words[-1], **settings)
    yield words, command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if (below := command.get_command(context, name)) is not None:
                yield from _commands(below, [*words, name], context)


if __name__ == "__main__":
    print(reference(), end="")
