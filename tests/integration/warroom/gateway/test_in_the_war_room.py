"""The gateway as a part of the war room: its tokens, its log on disk, its addresses."""

import asyncio
from pathlib import Path

import httpx
from warroom import room
from warroom.app import serve
from warroom.settings import Settings

from lab.drill.asking import exchanges, under_way
from lab.drill.event import Asked

from .conftest import AS_INSTRUCTOR, AS_TEAM, FIXING, INSTRUCTOR, PROMPT, TEAM, Provider, plain, served


def test_it_is_open_and_written_down(tmp_path: Path):
    for name, token in (("webhook", "w" * 48), ("team", TEAM), ("instructor", INSTRUCTOR)):
        (tmp_path / name).write_text(token)
    tokens = {f"{name}_token_file": tmp_path / name for name in ("webhook", "team", "instructor")}

    async def run():
        provider = Provider(plain(b'{"answer":"because"}'))
        async with served(provider) as upstream:
            parts = room.build(Settings(**tokens, state_dir=tmp_path / "state", ai_upstream_url=upstream))
            async with (
                served(serve(parts)) as url,
                httpx.AsyncClient(base_url=url, trust_env=False, headers=AS_TEAM) as client,
            ):
                assert (await client.post("/v1/messages", json=PROMPT)).status_code == 423
                assert (await client.get("/api/drill/brief")).status_code == 423
                parts.drills.record("lab", lambda _: FIXING)
                assert (await client.post("/v1/messages", json=PROMPT)).json() == {"answer": "because"}
                assert (await client.post("/v1/messages", json=PROMPT, headers=AS_INSTRUCTOR)).status_code == 200
                assert (
                    await client.post("/v1/messages", json=PROMPT, headers={"authorization": "no"})
                ).status_code == 401
                assert "# Brief" in (await client.get("/api/drill/brief")).json()["markdown"]
                assert (await client.get("/api/drill/ai/live")).status_code == 403
                assert len(provider.requests) == 2
                while under_way(log := parts.drills.events()) or len(exchanges(log)) < 3:
                    await asyncio.sleep(0.01)
                assert sorted(one.status for one in exchanges(log)) == [200, 200, 401]
                assert {(one.who, bool(one.what.refused)) for one in log if isinstance(one.what, Asked)} == {
                    ("team", False),
                    ("instructor", False),
                    ("lab", True),
                }

    asyncio.run(asyncio.wait_for(run(), 60))
