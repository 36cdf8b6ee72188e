"""Text of a certain shape, and the words of its refusal."""

from typing import Annotated

import pytest
from pydantic import BaseModel, Field, ValidationError

from lab.shape import Shape


class Door(BaseModel):
    name: Annotated[str, Field(max_length=9), Shape(r"^[a-z]+$", "is small letters alone")]


def test_it_is_taken_as_it_is() -> None:
    assert Door(name="left").name == "left"


@pytest.mark.parametrize("name", ["Left", "", "left\n", "left ", " left"])
def test_it_is_refused_in_words(name: str) -> None:
    with pytest.raises(ValidationError, match="is small letters alone") as refused:
        Door(name=name)
    assert "pattern" not in refused.value.errors()[0]["msg"]


def test_the_schema_has_the_pattern_for_machines() -> None:
    assert Door.model_json_schema()["properties"]["name"] | {"title": ""} == {
        "type": "string",
        "maxLength": 9,
        "pattern": "^[a-z]+$",
        "title": "",
    }
