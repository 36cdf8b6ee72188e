"""The runbooks, Markdown files named for their alerts, as HTML."""

from pathlib import Path

from markdown_it import MarkdownIt

SHELL = (Path(__file__).parent / "runbook.html").read_text()
_markdown = MarkdownIt("commonmark", {"html": False})


class Runbooks:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def names(self) -> list[str]:
        return sorted(path.stem for path in self._folder.glob("*.md"))

    def html(self, name: str) -> str | None:
        """The page, or None if there is no such runbook."""
        if name not in self.names:  # and so `name` is no path either
            return None
        text = (self._folder / f"{name}.md").read_text()
        return SHELL.replace("{{name}}", name).replace("{{runbook}}", _markdown.render(text))
