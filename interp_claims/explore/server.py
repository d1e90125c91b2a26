"""The page and what it asks for, over HTTP.

Every request but that for the page is a POST of a JSON object. What is wrong with it is answered with status 400 and
``{"error": {"what", "got", "wanted", "remedy", "message"}}``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Optional

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from interp_claims.errors import InterpClaimsError
from interp_claims.explore.explorer import Explorer
from interp_claims.explore.exporting import export
from interp_claims.explore.guards import RefusedError, guard
from interp_claims.explore.inputs import InputError, shown
from interp_claims.explore.state import KINDS, MOST_CHANNELS_SHOWN, MOST_EDITS, RANGES, maze_fragment
from interp_claims.mazes.maze import NUM_BACKGROUNDS, SIZES
from interp_claims.mazes.procgen import LARGEST_SEED

_LARGEST_BODY = 32_000
_LARGEST_TURN = 2**53
_STATUS = {InputError: 400, RefusedError: 403}


def make_app(explorer: Explorer, *, host: str = "127.0.0.1") -> Flask:
    """The web application.

    Args:
        explorer: what answers.
        host: what the server will listen on: decides which requests are refused.
    """
    app = Flask("interp_claims.explore", static_folder="static", static_url_path="/static")
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_BODY
    app.json.sort_keys = False  # type: ignore[attr-defined]
    guard(app, host)
    _add_errors(app)

    @app.get("/")
    def page() -> Response:
        return app.send_static_file("index.html")

    @app.post("/api/setup")
    def setup() -> Response:
        _body()
        return jsonify(
            policies=list(explorer.policies),
            start=explorer.start().to_fragment(),
            sizes=list(SIZES),
            floors=NUM_BACKGROUNDS,
            largest_seed=LARGEST_SEED,
            kinds=KINDS,
            ranges=RANGES,
            most_edits=MOST_EDITS,
            most_channels=MOST_CHANNELS_SHOWN,
        )

    @app.post("/api/policy")
    def policy() -> Response:
        body = _body("policy")
        return jsonify(explorer.describe(_text(body, "policy")))

    @app.post("/api/roles")
    def roles() -> Response:
        body = _body("policy", "find")
        asked = explorer.policy(_text(body, "policy"))
        return jsonify(explorer.suggestions.of(asked, find=_flag(body, "find", False)))

    @app.post("/api/maze")
    def maze() -> Response:
        body = _body("seed", "size")
        size = None if body.get("size") is None else _whole(body, "size", SIZES[-1])
        if size is not None and size not in SIZES:
            raise InputError("size", str(size), f"an odd number from {SIZES[0]} to {SIZES[-1]}", "choose another size")
        return jsonify(maze=maze_fragment(explorer.new_maze(_whole(body, "seed", LARGEST_SEED), size)))

    @app.post("/api/check")
    def check() -> Response:
        body = _body("state")
        return jsonify(state=explorer.checked(body.get("state"))[1].to_fragment())

    @app.post("/api/look")
    def look() -> Response:
        body = _body("state", "tab", "turn", "field")
        tab = _text(body, "tab", "")[:40]
        turn = _whole(body, "turn", _LARGEST_TURN) if "turn" in body else 0
        answers = explorer.answers(body.get("state"), tab=tab, turn=turn, field=_flag(body, "field", True))
        return Response(_lines(answers), mimetype="application/x-ndjson")

    @app.post("/api/export")
    def take_out() -> Response:
        asked, state = explorer.checked(_body("state").get("state"))
        return jsonify(export(asked, state))

    return app


def _lines(answers: Iterator[dict[str, Any]]) -> Iterator[str]:
    for answer in answers:
        yield json.dumps(answer, separators=(",", ":"), allow_nan=False) + "\n"


def _body(*fields: str) -> dict[str, Any]:
    """The JSON object that was sent, if it has no other fields than these."""
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # thousands of brackets
        body = None
    if not isinstance(body, dict):
        raise InputError("request", shown(request.get_data(as_text=True)), "a JSON object", "send one")
    unknown = sorted(set(body) - set(fields))
    if unknown:
        wanted = ", ".join(fields) if fields else "none"
        raise InputError("request", f"the field {shown(unknown[0])}", f"the fields {wanted}", "leave it out")
    return body


def _text(body: dict[str, Any], field: str, default: Optional[str] = None) -> str:
    value = body.get(field, default)
    if not isinstance(value, str):
        raise InputError(field, shown(value), "a text", "send one")
    return value


def _flag(body: dict[str, Any], field: str, default: bool) -> bool:
    value = body.get(field, default)
    if not isinstance(value, bool):
        raise InputError(field, shown(value), "true or false", "send one of them")
    return value


def _whole(body: dict[str, Any], field: str, highest: int) -> int:
    value = body.get(field)
    if type(value) is not int or not 0 <= value <= highest:
        raise InputError(field, shown(value), f"a whole number from 0 to {highest}", "enter one of these")
    return value


def _add_errors(app: Flask) -> None:
    @app.errorhandler(InputError)
    def bad_input(error: InputError) -> tuple[Response, int]:
        return jsonify(error=error.as_dict()), _STATUS[type(error)]

    @app.errorhandler(InterpClaimsError)
    def impossible(error: InterpClaimsError) -> tuple[Response, int]:
        """What was asked for makes sense but cannot be done, for example because a file was damaged."""
        return jsonify(error={"message": str(error)}), 400

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> tuple[Response, int]:
        """What Flask refuses on its own: too much, no such page, no such method."""
        message = f"{error.name}: {error.description}"
        if error.code == 413:
            message = f"request: got more than {_LARGEST_BODY} bytes, wanted fewer; send a state of the page"
        return jsonify(error={"message": message}), error.code or 500
