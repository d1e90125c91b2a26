"""Sealing: whatever decides a prediction changes its seal, and with it the mazes that decide it."""

import json
from functools import lru_cache

import pytest

from interp_claims.mazes import CONFIRMATION, DISCOVERY, DONORS, EVALUATION, REGISTERED, TRAINING
from interp_claims.prereg import block_of, sha256_of
from interp_claims.prereg.sealing import canonical, source_code_of

CHANGES = {
    "name": {"name": "P2"},
    "by": {"by": "somebody else"},
    "on": {"on": "2026-02-01"},
    "data_seen": {"data_seen": "everything"},
    "credences": {"supported": 0.6, "refuted": 0.3},
    "policy": {"policy": "two"},
    "description": {"policy": None, "description": "a network of region 7"},
}


def test_a_seal_is_the_hash_of_one_canonical_text(make_form):
    assert canonical({"b": 1, "a": [0.5, "ä"]}) == '{"a":[0.5,"\\u00e4"],"b":1}'
    assert sha256_of(make_form()) == sha256_of(json.loads(canonical(make_form())))
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"a": float("nan")})


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_is_said_of_a_prediction_is_sealed(make_form, change):
    assert sha256_of(make_form(**CHANGES[change])) != sha256_of(make_form())


@pytest.mark.parametrize("change", ["theta", "direction", "bounds", "mazes", "budget", "condition"])
def test_whatever_decides_the_claim_is_sealed_and_draws_other_mazes(make_form, changed_claims, change):
    changed = make_form(claim=changed_claims[change])
    assert sha256_of(changed) != sha256_of(make_form())
    assert block_of(changed) != block_of(make_form())


def test_the_policy_is_sealed_but_draws_no_other_mazes(make_form):
    one, two = make_form("a" * 64), make_form("b" * 64)
    assert sha256_of(one) != sha256_of(two)
    assert block_of(one) == block_of(two)
    assert block_of({**one, "engine": "99"}) == block_of(one)


def test_the_code_of_a_claim_is_sealed_with_what_it_uses_of_its_module(make_prediction, monkeypatch):
    prediction = make_prediction()
    code = source_code_of(prediction)
    assert "return helped([0.5 for _ in mazes])" in code
    assert "return [FACTOR * value for value in values]" in code
    assert "# constant FACTOR\n2.0" in code
    assert "size_between" not in code, "what it does not use is left out"
    monkeypatch.setitem(prediction.__globals__, "FACTOR", 3.0)
    assert source_code_of(prediction) != code


@lru_cache(maxsize=1)
def _looked_up():
    return "a table of some kind"


def _uses_a_cached_helper(mazes):
    return [_looked_up() for _ in mazes]


def test_helpers_that_keep_their_answers_are_sealed_too():
    assert "a table of some kind" in source_code_of(_uses_a_cached_helper)


def test_a_condition_on_mazes_is_sealed_with_its_code(make_form, changed_claims):
    form = make_form(claim=changed_claims["condition"])
    assert form["mazes"] == "only(is_odd)"
    assert "maze.size % 4 == 1" in form["conditions"][0]


def test_seeds_of_a_prediction_are_its_own(make_form):
    blocks = [block_of(make_form(name=f"P{i}")) for i in range(40)]
    assert len({block.first for block in blocks}) > 30
    for block in blocks:
        assert block.size == 1_000_000
        assert block.first in REGISTERED
        assert block.first + block.size - 1 in REGISTERED
        assert (block.first - REGISTERED.first) % 1_000_000 == 0
        assert not any(block.first in other for other in (TRAINING, EVALUATION, DISCOVERY, CONFIRMATION, DONORS))
