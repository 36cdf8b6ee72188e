"""The committed dashboards over HTTP, for the page, which draws them without Grafana."""

import json
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse
from kit import Problem
from pydantic import BaseModel


class Summary(BaseModel):
    uid: str
    title: str
    description: str


def router(folder: Path) -> APIRouter:
    """`folder` holds `<uid>.json` as `python -m dashboards` wrote them, in Grafana's classic schema."""
    api = APIRouter(prefix="/api/dashboards")

    def files() -> dict[str, Path]:
        return {path.stem: path for path in sorted(folder.glob("*.json"))}

    @api.get("")
    def summaries() -> list[Summary]:
        """The overview first, the lab's own last."""
        boards = [Summary(**json.loads(path.read_bytes())) for path in files().values()]
        return sorted(boards, key=lambda board: (board.uid != "overview", board.uid == "lab", board.title))

    @api.get("/{uid}", response_class=FileResponse, response_model=dict[str, Any])
    def board(uid: str) -> FileResponse:
        """The very file that Grafana is given."""
        known = files()
        if uid not in known:
            raise Problem(404, "Not Found", f"There is no dashboard {uid!r}; there are {', '.join(known)}.")
        return FileResponse(known[uid], media_type="application/json")

    return api
