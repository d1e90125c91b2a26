"""Freezing: what was found for a policy is found once, and belongs to its weights, its name and its procedure."""

import importlib.util
import json

import pytest

from interp_claims.edits import no_op
from interp_claims.mazes import Maze
from interp_claims.policies import DEFAULT_LAYER, ImpalaNetwork, Policy
from interp_claims.policies.frozen import DamagedCacheWarning, frozen

FOUND = {"channels": [3, 1], "layer": "a layer", "score": 0.25}
GIVEN = {"channels": (3, 1), "layer": "a layer", "score": 0.25}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("INTERP_CLAIMS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def module_of(tmp_path):
    """A module with some text."""

    def make(text, name="procedure"):
        path = tmp_path / f"{name}-{abs(hash(text))}.py"
        path.write_text(text)
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return make


@pytest.fixture
def procedure(module_of):
    return [module_of("A = 1\n")]


def never():
    raise AssertionError("found a second time")


def test_what_is_found_is_computed_once_and_its_lists_are_tuples(small_policy, procedure):
    first = frozen(small_policy, "things", procedure, lambda: FOUND)
    again = frozen(small_policy, "things", procedure, never)
    assert first == again == GIVEN
    assert type(first["channels"]) is type(again["channels"]) is tuple


def test_a_policy_of_the_same_weights_has_the_same_things_whatever_is_done_to_it(small_policy, procedure, make_network):
    frozen(small_policy, "things", procedure, lambda: FOUND)
    renamed = Policy(make_network(), name="under another name")
    for policy in (renamed, small_policy.edited(no_op(DEFAULT_LAYER)), small_policy.seeing(Maze.without_cheese)):
        assert frozen(policy, "things", procedure, never) == GIVEN


def test_other_weights_names_and_procedures_have_files_of_their_own(small_policy, procedure, module_of, cache):
    other = Policy(ImpalaNetwork(1).initialise(9), name=small_policy.name)
    more = [*procedure, module_of("B = 1\n")]
    asked = [
        (small_policy, "things", procedure),
        (other, "things", procedure),
        (small_policy, "other-things", procedure),
        (small_policy, "things", [module_of("A = 2\n")]),
        (small_policy, "things", more),
        (small_policy, "things", more[::-1]),
    ]
    for i, key in enumerate(asked):
        assert frozen(*key, lambda: {"i": i}) == {"i": i}  # noqa: B023
    assert [frozen(*key, never)["i"] for key in asked] == list(range(len(asked)))
    names = [path.name for path in (cache / "roles").glob("*.json")]
    assert len(names) == len(asked)
    assert sum(name.startswith(f"{small_policy.sha256[:32]}-things-") for name in names) == 4


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[:-5],
        lambda text: text.replace("0.25", "0.26"),
        lambda text: text.replace("a layer", "another"),
        lambda text: json.dumps({**json.loads(text), "policy": "0" * 64}),
        lambda text: json.dumps({**json.loads(text), "found": None}),
        lambda text: "[1, 2]",
        lambda text: "null",
    ],
)
def test_a_damaged_file_is_told_of_and_found_anew(small_policy, procedure, cache, damage):
    frozen(small_policy, "things", procedure, lambda: FOUND)
    (path,) = (cache / "roles").glob("*.json")
    whole = path.read_text()
    path.write_text(damage(whole))
    assert path.read_text() != whole
    found = []
    with pytest.warns(DamagedCacheWarning) as told:
        got = frozen(small_policy, "things", procedure, lambda: found.append(1) or FOUND)
    assert (got, found) == (GIVEN, [1])
    assert str(told[0].message).startswith(f"{path} is damaged (")
    assert str(told[0].message).endswith("); finding the roles anew")
    assert path.read_text() == whole
    assert frozen(small_policy, "things", procedure, never) == GIVEN


def test_bytes_that_are_no_text_are_damage_too(small_policy, procedure, cache):
    frozen(small_policy, "things", procedure, lambda: FOUND)
    (path,) = (cache / "roles").glob("*.json")
    path.write_bytes(b"\xff\xfe\x00" * 20)
    with pytest.warns(DamagedCacheWarning):
        assert frozen(small_policy, "things", procedure, lambda: FOUND) == GIVEN


def test_a_search_that_fails_leaves_nothing_behind(small_policy, procedure, cache):
    with pytest.raises(AssertionError):
        frozen(small_policy, "things", procedure, never)
    assert not list(cache.rglob("*.json"))
    assert frozen(small_policy, "things", procedure, lambda: FOUND) == GIVEN


def test_what_is_found_in_bfloat16_is_kept_apart(make_network, procedure):
    exact, rough = (Policy(make_network(), name="one", precision=p) for p in ("float32", "bfloat16"))
    assert frozen(exact, "roles", procedure, lambda: {"found in": "float32"}) == {"found in": "float32"}
    assert frozen(rough, "roles", procedure, lambda: {"found in": "bfloat16"}) == {"found in": "bfloat16"}
