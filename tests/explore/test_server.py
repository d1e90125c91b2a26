"""Every endpoint: what it answers, and what it says to input that it cannot use."""

import dataclasses
import json
import re
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from shown_policies import SMALL, TRAINED

from interp_claims.explore import EditChoice, State, server
from interp_claims.mazes import level
from interp_claims.policies import CheckpointError

STATIC = Path(server.__file__).with_name("static")


@pytest.fixture
def post(client):
    """Posts JSON: the status and the answer."""

    def send(path, body=None, **options):
        options.setdefault("headers", {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"})
        answer = client.post(path, json={} if body is None else body, **options)
        return answer.status_code, answer.get_json(silent=True)

    return send


@pytest.fixture
def look(client):
    """Posts a state: the lines of the answer."""

    def send(fragment, **more):
        answer = client.post("/api/look", json={"state": fragment, **more})
        assert answer.status_code == 200, answer.get_json()
        assert answer.mimetype == "application/x-ndjson"
        return [json.loads(line) for line in answer.get_data(as_text=True).splitlines()]

    return send


def message(answer):
    status, body = answer
    assert status == 400
    return body["error"]["message"]


@pytest.fixture
def get(client):
    """Gets a file: its headers and its text."""

    def load(path):
        with client.get(path) as answer:
            assert answer.status_code == 200
            return answer.headers, answer.get_data(as_text=True)

    return load


def test_the_page_and_its_parts_are_served_and_ask_nobody_else(get):
    _, page = get("/")
    assert "<title>Explorer" in page and "https:" not in page
    names = [path.name for path in STATIC.iterdir()]
    assert {"app.js", "style.css", "icon.svg"} <= set(names)
    for name in names:
        _, text = get(f"/static/{name}")
        assert set(re.findall(r"https?://[^\s\"']+", text)) <= {"http://www.w3.org/2000/svg"}


def test_nothing_is_inline_so_that_no_code_runs_but_the_files(get):
    headers, text = get("/")
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*src=)", text) and not re.search(r"\son\w+=", text)


def test_setup_tells_what_can_be_chosen(post):
    status, setup = post("/api/setup")
    assert status == 200
    assert setup["policies"][:2] == [TRAINED, SMALL]
    assert State.from_fragment(setup["start"]).policy == TRAINED
    assert setup["sizes"] == list(range(3, 26, 2))
    assert setup["kinds"]["clamp"] == ["channels", "square", "value"]
    assert setup["ranges"]["coefficient"] == [-20, 20]


def test_a_policy_is_described(post):
    status, described = post("/api/policy", {"policy": SMALL})
    assert status == 200 and described["name"] == SMALL and described["layers"]


def test_roles_are_told_as_far_as_they_are_known(post):
    status, roles = post("/api/roles", {"policy": SMALL})
    assert status == 200 and roles["status"] in ("looking", "unknown")


def test_mazes_come_by_seed_and_size(post):
    status, answer = post("/api/maze", {"seed": 17})
    assert status == 200
    assert State.from_fragment(f"p=a&{answer['maze']}").maze == level(17)
    status, answer = post("/api/maze", {"seed": 17, "size": 5})
    assert parse_qs(answer["maze"])["z"] == ["5"]


def test_looking_answers_line_by_line(look, state):
    lines = look(state.to_fragment(), tab="t", turn=1)
    assert (lines[0]["type"], lines[-1]["type"]) == ("first", "done")
    assert look(state.to_fragment(), tab="t", turn=2, field=False) == [lines[0], lines[-1]]


def test_an_edit_that_cannot_act_is_no_bad_input(look, state):
    edits = (EditChoice("cheese", state.layer, number=1.0),)
    first = look(dataclasses.replace(state, maze=state.maze.without_cheese(), edits=edits).to_fragment())[0]
    assert "have no cheese" in first["edit"]["problem"]


def test_checking_gives_the_state_as_it_is_written(post, state):
    status, answer = post("/api/check", {"state": state.to_fragment() + "&e=zero~embedder.fc_out~3.4.5"})
    assert status == 200
    assert State.from_fragment(answer["state"]).edits == (EditChoice("zero", "embedder.fc_out", (3, 4, 5)),)
    assert "&e=zero~embedder.fc_out~3-5&" in answer["state"]


def test_a_maze_is_exported(post, state):
    status, answer = post("/api/export", {"state": state.to_fragment()})
    assert status == 200 and set(answer) == {"name", "text", "command", "fixture"}


@pytest.mark.parametrize("path", ["look", "check", "export"])
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda text: None,
            "state: got NoneType, wanted at most 8000 ASCII characters of text; use a link from the page",
        ),
        (lambda text: 7, "state: got int, wanted at most 8000"),
        (lambda text: "", "state: got "),
        (
            lambda text: text.replace("z=5", "z=6"),
            "maze size: got 6, wanted an odd number from 3 to 25; choose another",
        ),
        (lambda text: text.replace(TRAINED, "other"), "policy: got 'other', wanted one of region5-seed0-scale2, "),
        (
            lambda text: text.replace(TRAINED, "..%2F..%2Fetc%2Fpasswd"),
            "policy: got '../../etc/passwd', wanted one of ",
        ),
        (
            lambda text: text.replace("l=embedder", "l=__import__"),
            "layer shown: got '__import__.block2.res1.resadd_out', ",
        ),
        (
            lambda text: text.replace("k=3", "k=64"),
            "channels shown: got channel 64, wanted 0 to 63, which are those of ",
        ),
        (lambda text: text + "&e=eval~x~1", "edit 1, its kind: got 'eval', wanted one of cheese, corner, clamp, "),
    ],
)
def test_states_that_cannot_be_are_refused_everywhere_alike(post, state, path, change, expected):
    status, body = post(f"/api/{path}", {"state": change(state.to_fragment())})
    assert status == 400
    assert body["error"]["message"].startswith(expected)
    assert set(body["error"]) == {"what", "got", "wanted", "remedy", "message"}


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("setup", {"x": 1}, "request: got the field 'x', wanted the fields none; leave it out"),
        ("policy", {}, "policy: got None, wanted a text; send one"),
        ("policy", {"policy": ["a"]}, "policy: got ['a'], wanted a text; send one"),
        ("policy", {"policy": "fixtures/policies.toml"}, "policy: got 'fixtures/policies.toml', wanted one of "),
        (
            "policy",
            {"policy": "a", "file": "b"},
            "request: got the field 'file', wanted the fields policy; leave it out",
        ),
        ("roles", {"policy": SMALL, "find": "yes"}, "find: got 'yes', wanted true or false; send one of them"),
        ("roles", {"policy": "nothing"}, "policy: got 'nothing', wanted one of "),
        ("maze", {}, "seed: got None, wanted a whole number from 0 to 2147483646; enter one of these"),
        ("maze", {"seed": -1}, "seed: got -1, wanted a whole number from 0 to 2147483646; enter one of these"),
        ("maze", {"seed": True}, "seed: got True, wanted a whole number from 0 to 2147483646; enter one of these"),
        ("maze", {"seed": 2.5}, "seed: got 2.5, wanted a whole number"),
        ("maze", {"seed": 1, "size": 4}, "size: got 4, wanted an odd number from 3 to 25; choose another size"),
        ("maze", {"seed": 1, "size": 99}, "size: got 99, wanted a whole number from 0 to 25; enter one of these"),
        ("look", {"state": "", "turn": -1}, "turn: got -1, wanted a whole number"),
        ("look", {"state": "", "tab": 1}, "tab: got 1, wanted a text; send one"),
        ("look", {"state": "", "field": 1}, "field: got 1, wanted true or false; send one of them"),
        ("check", [], "request: got '[]', wanted a JSON object; send one"),
    ],
)
def test_requests_that_are_none_are_refused(post, path, body, expected):
    assert message(post(f"/api/{path}", body)).startswith(expected)


def test_what_is_no_json_is_refused(client):
    answer = client.post("/api/setup", data="{", content_type="application/json")
    assert message((answer.status_code, answer.get_json())) == "request: got '{', wanted a JSON object; send one"


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_json_that_goes_too_deep_is_refused(client, opening):
    answer = client.post("/api/setup", data=opening * 6000, content_type="application/json")
    told = message((answer.status_code, answer.get_json()))
    assert told.startswith(f"request: got '{opening}")
    assert told.endswith(f"... ({6000 * len(opening) + 2} characters), wanted a JSON object; send one")


def test_more_than_a_state_is_refused(post):
    status, body = post("/api/look", {"state": "x" * 40_000})
    assert status == 413
    assert body["error"]["message"] == "request: got more than 32000 bytes, wanted fewer; send a state of the page"


def test_what_there_is_not_and_other_methods_are_refused(client):
    assert client.get("/api/look").status_code == 405
    for path in ("/nothing", "/static/../server.py", "/static/%2e%2e/server.py", "/server.py"):
        assert client.get(path).status_code == 404
        assert "message" in client.get(path).get_json()["error"]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "10.0.0.1"])
@pytest.mark.parametrize("path", ["/", "/static/app.js"])
def test_a_name_that_somebody_else_gave_this_machine_is_refused(client, host, path):
    answer = client.get(path, headers={"Host": host})
    assert answer.status_code == 403
    assert answer.get_json()["error"]["message"].startswith(f"host: got '{host}', wanted localhost or 127.0.0.1; open ")


@pytest.mark.parametrize("path", ["setup", "policy", "roles", "maze", "check", "look", "export"])
def test_pages_of_others_are_refused(post, path):
    status, body = post(f"/api/{path}", headers={"Origin": "http://evil.example"})
    assert status == 403
    expected = "origin: got 'http://evil.example', wanted http://localhost; use the page of this server"
    assert body["error"]["message"] == expected


def test_forms_of_others_are_refused(client):
    answer = client.post("/api/setup", data={"a": "b"})
    assert answer.status_code == 403
    got = "application/x-www-form-urlencoded"
    assert answer.get_json()["error"]["message"] == f"content type: got {got}, wanted application/json; send JSON"


def test_no_other_page_may_read_answers(client):
    answer = client.post("/api/setup", json={})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_a_policy_that_cannot_be_loaded_is_told(post, explorer, monkeypatch):
    def damaged(*_):
        raise CheckpointError("that.pth: is damaged")

    monkeypatch.setattr(explorer.manifest, "load", damaged)
    assert message(post("/api/policy", {"policy": "region1-seed0-scale2"})) == "that.pth: is damaged"


def test_both_sides_know_the_same_edits():
    text = (STATIC / "state.js").read_text()
    fields = re.search(r"FIELDS = \{(.*?)\};", text, re.DOTALL)[1]
    found = {kind: re.findall(r'"(\w+)"', names) for kind, names in re.findall(r"(\w+): \[(.*?)\]", fields)}
    assert found == {kind: list(names) for kind, names in server.KINDS.items()}
