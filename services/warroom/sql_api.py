"""Queries for those who reach the war room and not the database: guests of a lab that runs elsewhere."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from lab.drill.rules import Refused
from warroom.access import Who
from warroom.causes.database import LONGEST_QUERY, Database
from warroom.room import Room


class Query(BaseModel):
    model_config = ConfigDict(extra="forbid")

    statement: Annotated[str, Field(min_length=1, max_length=LONGEST_QUERY)]


def router(room: Room) -> APIRouter:
    api = APIRouter()
    Actor = Annotated[Who, Depends(room.access.actor)]

    @api.post("/api/sql")
    def query(_: Actor, body: Query) -> dict[str, Any]:
        """One statement that reads, as the role that may do nothing else; `whole` is false where rows were left out."""
        if not room.settings.reader_url:
            raise Refused("This lab's war room has no way to the database; it needs READER_URL.")
        table = Database(room.settings.reader_url).read(body.statement)
        return {"columns": table.columns, "rows": table.rows, "whole": table.whole}

    return api
