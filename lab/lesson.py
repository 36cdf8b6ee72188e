"""What `scenarios/<id>/private/{hints.yaml,chain.yaml,debrief.md}` say: what a team is told, and when it is over."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from lab.drill.chain import Link, Sentence
from lab.errors import LabError
from lab.scenario import FOLDER

Value = TypeVar("Value")


HINTS = TypeAdapter(Annotated[list[Sentence], Field(min_length=4)])
CHAIN = TypeAdapter(Annotated[list[Link], Field(min_length=3)])


@dataclass(frozen=True)
class Lesson:
    """`hints` are questions from wide to narrow, `chain` goes from trigger to symptom, `debrief` is Markdown."""

    hints: list[str]
    chain: list[Link]
    debrief: str


def load(scenario_id: str, folder: Path = FOLDER) -> Lesson:
    """The lesson of one scenario; LabError says what is wrong with its files."""
    home = folder / scenario_id / "private"
    return Lesson(
        hints=_read(home / "hints.yaml", lambda text: HINTS.validate_python(yaml.safe_load(text))),
        chain=_read(home / "chain.yaml", lambda text: CHAIN.validate_python(yaml.safe_load(text))),
        debrief=_read(home / "debrief.md", str),
    )


def _read(path: Path, parse: Callable[[str], Value]) -> Value:
    try:
        return parse(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise LabError(f"{path} cannot be read: {' '.join(str(error).split())}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise LabError(f"{path}: {where}: {first['msg']}; correct it.") from error
