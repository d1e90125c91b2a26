"""Suggested channels: from the cache if they were found, in the background if not, and never waited for."""

import time

import pytest
from shown_policies import MANIFEST, TRAINED

from interp_claims.explore import suggestions as module
from interp_claims.explore.finding import main
from interp_claims.explore.suggestions import Suggestions, roles_in_cache
from interp_claims.policies import Manifest, RoleError, roles_of
from interp_claims.policies import roles as role_module
from interp_claims.policies.frozen import DamagedCacheWarning
from interp_claims.policies.roles import Roles

ROLES = Roles("embedder.block2.res1.resadd_out", (5, 2), (1.0,) * 64, (0.5,) * 64, (0.1,) * 64, 512)


@pytest.fixture
def policy(monkeypatch, tmp_path):
    monkeypatch.setenv("INTERP_CLAIMS_CACHE", str(tmp_path))
    return Manifest(MANIFEST).load(TRAINED)


@pytest.fixture
def found(monkeypatch):
    """Finding roles gives ROLES, at once."""
    monkeypatch.setattr(role_module, "discover_roles", lambda *_, **__: ROLES)


def settled(suggestions, policy, **options):
    answer = suggestions.of(policy, **options)
    for _ in range(1000):
        if answer["status"] not in ("looking", "finding"):
            return answer
        time.sleep(0.01)
        answer = suggestions.of(policy)
    raise AssertionError("never settled")


def test_roles_that_were_not_found_yet_are_not_found_by_looking(policy, found):
    assert roles_in_cache(policy) is None
    assert roles_of(policy) == ROLES
    assert roles_in_cache(policy) == ROLES


def test_roles_in_the_cache_are_suggested(policy, found):
    roles_of(policy)
    suggestions = Suggestions(MANIFEST, "cpu")
    assert suggestions.of(policy) == {"status": "looking"}
    assert settled(suggestions, policy) == {
        "status": "found",
        "layer": ROLES.layer,
        "channels": [5, 2],
        "clamp_values": [4.5, 4.5],
    }


def test_roles_are_found_in_the_background_only_when_asked_for(policy, found, monkeypatch):
    class Process:
        """Stands in for the other process, which takes a minute."""

        returncode = 0

        def __init__(self, command, **_):
            assert command[1:] == ["-m", "interp_claims.explore.finding", str(MANIFEST), TRAINED, "cpu"]

        def communicate(self):
            roles_of(policy)
            return "", ""

    monkeypatch.setattr(module.subprocess, "Popen", Process)
    suggestions = Suggestions(MANIFEST, "cpu")
    assert settled(suggestions, policy) == {"status": "unknown"}
    assert suggestions.of(policy, find=True) == {"status": "finding"}
    assert settled(suggestions, policy)["channels"] == [5, 2]
    assert settled(suggestions, policy, find=True)["status"] == "found", "what was found is not found again"


def test_the_other_process_tells_why_it_failed(policy):
    suggestions = Suggestions(MANIFEST.with_name("nothing.toml"), "cpu")
    settled(suggestions, policy)
    answer = settled(suggestions, policy, find=True)
    assert answer["status"] == "failed"
    assert (
        answer["message"].startswith("the roles could not be found: ") and "no readable manifest" in answer["message"]
    )


def test_the_other_process_leaves_what_it_found_in_the_cache(policy, found):
    main(str(MANIFEST), TRAINED, "cpu")
    assert roles_in_cache(policy) == ROLES


def test_a_policy_without_roles_ends_the_other_process_with_the_reason(policy, monkeypatch):
    def none(*_, **__):
        raise RoleError("roles: no channel is positive at the cheese")

    monkeypatch.setattr(role_module, "discover_roles", none)
    with pytest.raises(SystemExit, match=r"^roles: no channel is positive at the cheese$"):
        main(str(MANIFEST), TRAINED, "cpu")


def test_damaged_roles_count_as_not_found(policy, found, tmp_path):
    roles_of(policy)
    next((tmp_path / "roles").glob("*.json")).write_text("{")
    with pytest.warns(DamagedCacheWarning, match="is damaged"):
        assert settled(Suggestions(MANIFEST, "cpu"), policy) == {"status": "unknown"}


def test_closing_ends_the_other_process(policy):
    suggestions = Suggestions(MANIFEST, "cpu")
    settled(suggestions, policy)
    suggestions.of(policy, find=True)
    for _ in range(500):
        if suggestions._processes:
            break
        time.sleep(0.01)
    suggestions.close()
    assert settled(suggestions, policy)["status"] == "failed"
