"""The fix over HTTP: deployed, taken back, and verified."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends
from kit import Problem

from lab.releases import Releases
from warroom.access import Access, Who
from warroom.drills import Drills
from warroom.mending import Mending


def router(mending: Mending, drills: Drills, releases: Releases, access: Access) -> APIRouter:
    api = APIRouter(prefix="/api/drill")
    Actor = Annotated[Who, Depends(access.actor)]

    @api.post("/deploy", status_code=202)
    def deploy(who: Actor, packed: Annotated[bytes, Body(media_type="application/gzip")]) -> dict[str, Any]:
        """Begins to release what was sent, a gzipped tar of the editable services."""
        return mending.deploy(who, packed).shown()

    @api.get("/deploy")
    def deployment(_: Actor) -> dict[str, Any]:
        """How the latest deploy fares."""
        if mending.deployment is None:
            raise Problem(404, "Not Found", "Nothing has been deployed since the war room started.")
        return mending.deployment.shown()

    @api.post("/verify", status_code=202)
    def verify(who: Actor) -> dict[str, Any]:
        """Begins to replay the incident against what runs."""
        return mending.verify(who).shown()

    @api.get("/verify")
    def verification(_: Actor) -> dict[str, Any]:
        """How the latest verification fares: its checks so far, and in the end the verdict."""
        if mending.verification is None:
            raise Problem(404, "Not Found", "Nothing has been verified since the war room started.")
        return mending.verification.shown()

    @api.get("/releases")
    def list_releases(_: Actor) -> list[dict[str, Any]]:
        """Those of this drill, the oldest first, the baseline before all."""
        running = releases.wanted().release
        baseline = releases.baseline()
        found = [{"release": "baseline", "at": None, "services": [], "healthy": True, "current": running == baseline}]
        for event in drills.events():
            if event.what.kind == "deployed":
                found.append(
                    {
                        "release": event.what.release,
                        "at": event.when.iso(),
                        "services": event.what.services,
                        "healthy": event.what.healthy,
                        "current": running == event.what.release,
                    }
                )
        return found

    return api
