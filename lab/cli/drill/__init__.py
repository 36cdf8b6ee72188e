"""labctl drill: an incident from the page to the post-mortem. One file a group of commands."""

import importlib

import click

# Sections of the help, in the order of an incident; each command with the module that it is in.
SECTIONS = {
    "See where it is": {
        "status": "reading",
        "events": "reading",
        "report": "reading",
        "history": "reading",
        "debrief": "reading",
    },
    "Stop the harm": {"assess": "response", "act": "response", "note": "response"},
    "Find the cause": {"mechanisms": "cause", "probe": "cause", "submit": "cause", "chain": "reading"},
    "Mend it": {
        "brief": "reading",
        "workspace": "mending",
        "diff": "mending",
        "deploy": "release",
        "verify": "verify",
        "review": "review",
        "rollback": "release",
        "releases": "release",
    },
    "Learn from it": {
        "postmortem": "postmortem",
        "write": "postmortem",
        "spec": "postmortem",
        "guardrail": "guardrail",
        "close": "postmortem",
    },
    "The instructor's": {
        "start": "start",
        "pause": "instructor",
        "resume": "instructor",
        "advance": "instructor",
        "hint": "instructor",
        "gate": "instructor",
        "override": "instructor",
        "abort": "instructor",
    },
}


class Sections(click.Group):
    """Its help lists commands by section; a command's module is imported when it is asked for."""

    def list_commands(self, context: click.Context) -> list[str]:
        return [name for names in SECTIONS.values() for name in names]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        for names in SECTIONS.values():
            if name in names:
                return getattr(importlib.import_module(f"lab.cli.drill.{names[name]}"), name)
        return None

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in SECTIONS.items():
            with formatter.section(title):
                commands = [(name, self.get_command(context, name)) for name in names]
                formatter.write_dl([(name, found.get_short_help_str(90)) for name, found in commands if found])


@click.group(cls=Sections)
def drill() -> None:
    """An incident, from the page to the post-mortem.

    You speak as the team; an instructor adds --as instructor, or has the token in LAB_TOKEN.
    """
