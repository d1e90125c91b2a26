"""Files in the cache that were cut short or garbled, or written by two at once: found anew, never a wrong verdict."""

import dataclasses
import json
import threading
import time

import pytest
from plugin_projects import COUNTED, run, times_measured

from interp_claims.policies import ImpalaNetwork, Policy
from interp_claims.policies.frozen import frozen
from interp_claims.report.results_json import read_results, write_results
from interp_claims.results import ClaimResult
from interp_claims.running.journal import Journal

RESULT = ClaimResult("claims/test_a.py::test_it", 11, "sampled", "It is so.", "a source", "one", "1" * 64, "supported")

DAMAGES = {
    "emptied": lambda text: "",
    "cut short": lambda text: text[: len(text) // 2],
    "no JSON": lambda text: "{",
    "another verdict": lambda text: text.replace('"supported"', '"refuted"', 1),
    "another effect": lambda text: text.replace('"effect": 0.5', '"effect": 0.6', 1),
    "no hash": lambda text: json.dumps(json.loads(text)["result"]),
    "a list": lambda text: "[]",
    "null": lambda text: "null",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_journal_is_measured_anew(project, damage):
    testdir = project(COUNTED)
    run(testdir)
    (path,) = (testdir.path / "cache" / "journal").iterdir()
    whole = path.read_text()
    path.write_text(damage(whole))
    assert path.read_text() != whole
    before = times_measured(testdir)
    result = run(testdir, "--resume", "--claims-json", "results.json")
    assert result.ret == 0
    assert times_measured(testdir) == 2 * before
    (entry,) = json.loads((testdir.path / "results.json").read_text())["claims"]
    assert entry["verdict"] == "supported"
    assert json.loads(path.read_text())["result"]["effect"] == json.loads(whole)["result"]["effect"], "it is mended"


def test_bytes_that_are_no_text_are_measured_anew(project):
    testdir = project(COUNTED)
    run(testdir)
    (path,) = (testdir.path / "cache" / "journal").iterdir()
    path.write_bytes(b"\xff\xfe" * 99)
    assert run(testdir, "--resume").ret == 0


def test_a_result_under_the_key_of_another_is_not_taken_over(tmp_path):
    journal = Journal(tmp_path)
    journal.put("a", RESULT)
    assert journal.get("a") == RESULT
    (tmp_path / "a.json").rename(tmp_path / "b.json")
    assert journal.get("b") is None


def test_damaged_roles_are_found_anew_in_the_middle_of_a_run(project):
    testdir = project(
        """
from pathlib import Path
from interp_claims.policies import Roles, roles_of

@pytest.fixture(autouse=True)
def known_roles(monkeypatch):
    roles = Roles("a layer", (3, 1), (0.5, 0.25), (1.0, 1.0), (0.0, 0.0), 4)
    monkeypatch.setattr("interp_claims.policies.roles.discover_roles", lambda policy, **_: roles)

@declared(effect_at_least=0.2)
def test_roles(policy, mazes):
    'It needs roles.'
    for path in Path("cache", "roles").glob("*.json"):
        path.write_text(path.read_text().replace("[3, 1]", "[2, 1]"))
    assert roles_of(policy).cheese_channels == (3, 1)
    return noisy(policy, mazes, 0.5)
"""
    )
    result = run(testdir)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*DamagedCacheWarning: *is damaged (the hash does not match); finding the roles anew"])


# -- two at once -----------------------------------------------------------------------------------------------------

MANY = 40


@pytest.fixture
def two_writers():
    """Calls a function with each of two verdicts, at once and again and again, until both have done it often."""
    writers = []

    def start(write):
        def often(verdict):
            for _ in range(40):
                write(verdict)

        writers.extend(threading.Thread(target=often, args=(verdict,)) for verdict in ("supported", "refuted"))
        for writer in writers:
            writer.start()
        return lambda: any(writer.is_alive() for writer in writers)

    yield start
    for writer in writers:
        writer.join()


def test_results_written_by_two_runs_at_once_are_those_of_one_of_them(two_writers, tmp_path):
    path = tmp_path / "results.json"

    def write(verdict):
        named = [dataclasses.replace(RESULT, claim=f"claims/test_a.py::test_{i}", verdict=verdict) for i in range(MANY)]
        write_results(path, named)

    write("supported")
    alive = two_writers(write)
    while alive():
        found = read_results(path)
        assert len(found) == MANY
        assert len({result.verdict for result in found}) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_a_journal_written_by_two_runs_at_once_is_whole(two_writers, tmp_path):
    def write(verdict):
        Journal(tmp_path).put("key", dataclasses.replace(RESULT, verdict=verdict))

    write("supported")
    alive = two_writers(write)
    while alive():
        assert Journal(tmp_path).get("key").verdict in ("supported", "refuted")
    assert [path.name for path in tmp_path.iterdir()] == ["key.json"]


def test_roles_asked_for_by_two_at_once_are_found_once(tmp_path, monkeypatch):
    monkeypatch.setenv("INTERP_CLAIMS_CACHE", str(tmp_path))
    policy = Policy(ImpalaNetwork(1).initialise(0), name="one")
    searches, found = [], []

    def find():
        searches.append(1)
        time.sleep(0.2)
        return {"channels": [3, 1]}

    def ask():
        found.append(frozen(policy, "things", [json], find))

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert found == [{"channels": (3, 1)}] * 3
    assert searches == [1]
