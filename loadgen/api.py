"""The profiles API, beside Locust's page on the same Flask app."""

from dataclasses import asdict
from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, request
from pydantic import ValidationError

from loadgen.roster import Roster, UnknownProfileError


def problem(status: int, title: str, detail: str) -> Response:
    """An RFC 9457 answer."""
    response = jsonify({"type": "about:blank", "status": status, "title": title, "detail": detail})
    response.status_code = status
    response.mimetype = "application/problem+json"
    return response


def add_routes(app: Flask, roster: Roster) -> None:
    @app.before_request
    def own_pages_only() -> Response | None:
        """A page from elsewhere, open in somebody's browser, does not turn the load on or off."""
        origin = request.headers.get("Origin")
        if request.method != "GET" and origin and urlsplit(origin).netloc != request.host:
            return problem(403, "Foreign origin", f"{origin} may not change the load; use labctl load.")
        if request.path in ("/swarm", "/stop", "/user"):
            return problem(409, "Load is run by profiles", "Use labctl load start NAME or labctl load stop NAME.")
        return None

    @app.errorhandler(UnknownProfileError)
    def unknown(error: UnknownProfileError) -> Response:
        return problem(404, "Unknown profile", str(error))

    @app.get("/profiles")
    def profiles() -> Response:
        return jsonify(
            [
                {"profile": name, "running": roster.running(name), **asdict(roster.figures(name))}
                for name in roster.names
            ]
        )

    @app.post("/profiles/<name>/start")
    def start(name: str) -> Response:
        changes = request.get_json(silent=True) if request.data else {}
        if not isinstance(changes, dict):
            return problem(400, "Malformed body", "The body is a JSON object of the profile's figures, or empty.")
        try:
            roster.start(name, changes)
        except ValidationError as error:
            first = error.errors()[0]
            return problem(422, "Refused figure", f"{'.'.join(map(str, first['loc']))}: {first['msg']}.")
        return jsonify({"profile": name, "running": True})

    @app.post("/profiles/<name>/stop")
    def stop(name: str) -> Response:
        roster.stop(name)
        return jsonify({"profile": name, "running": False})
