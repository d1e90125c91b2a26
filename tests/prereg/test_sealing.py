"""Sealing: whatever decides a prediction changes its seal, and with it the mazes that decide it."""

import functools
import json
from functools import lru_cache

import pytest

from interp_claims import controls
from interp_claims.claims import claim
from interp_claims.controls import Control, matched_noise, untrained
from interp_claims.edits import cheese_vector, subtract, vectors
from interp_claims.mazes import (
    CONFIRMATION,
    DISCOVERY,
    DONORS,
    EVALUATION,
    REGISTERED,
    TRAINING,
    stock_mazes,
    with_decision_square,
)
from interp_claims.measures import p_cheese
from interp_claims.prereg import block_of, preregistered, sealed_form, sha256_of
from interp_claims.prereg.sealing import canonical, differing_fields
from interp_claims.prereg.source_code import hash_of_code, source_code_of
from interp_claims.sources import INVARIANTS

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


LIMIT, TABLE = 3, {"a": [1, 2], "b": {2, 1}}


def twice(function):
    return lambda *given: (function(*given), function(*given))


class Rule:
    def applies(self, size):
        return size > LIMIT


def _scaled(size, by):
    return size * by


halved = functools.partial(_scaled, by=0.5)


@twice
def _uses_much(size, limit=LIMIT, rule=Rule):
    return [halved(size), TABLE, limit, (lambda x: x + 1)(size), (lambda x: x + 2)(size)]


def bigger_than(least):
    def condition(maze):
        return maze.size > least

    return condition


@pytest.mark.parametrize(
    "sealed",
    [
        "return lambda *given: (function(*given), function(*given))",
        "def applies(self, size):",
        "# constant LIMIT\n3",
        "return size * by",
        "# constant halved with[1]['by']\n0.5",
        "# constant TABLE['a'][1]\n2",
        "# constant TABLE['b']\n1, 2",
        "lambda x: x + 2",
    ],
)
def test_all_that_a_function_names_of_its_module_is_sealed(sealed):
    def uses(mazes):
        return [_uses_much(maze.size) for maze in mazes]

    assert sealed in source_code_of(uses)


def test_what_a_function_closes_over_is_sealed():
    three, seven = (source_code_of(bigger_than(least)) for least in (3, 7))
    assert "maze.size > least" in three
    assert three != seven


def test_defaults_are_sealed_by_their_values():
    first, second = (source_code_of(lambda maze, by=by: by) for by in (1, 2))
    assert first != second


def test_the_first_rule_seals_as_it_did(make_prediction):
    prediction = make_prediction()
    first = sealed_form(prediction, "claims/test_p.py::test_it", "a" * 64, 1)
    assert "sealing" not in first
    assert first["null_controls"] == ["untrained"]
    assert first["source_code"] == source_code_of(prediction, 1)
    latest = sealed_form(prediction, "claims/test_p.py::test_it", "a" * 64)
    assert latest["sealing"] == 4
    (control,) = latest["null_controls"]
    assert control["source_code"] == "function interp_claims.controls._untrained"


def test_the_third_rule_seals_as_it_did(make_prediction, changed_claims):
    prediction = make_prediction(claim=changed_claims["condition"])
    third = sealed_form(prediction, "claims/test_p.py::test_it", "a" * 64, 3)
    assert third["sealing"] == 3
    assert third["source_code"] == source_code_of(prediction)
    assert "maze.size % 4 == 1" in third["conditions"][0]
    assert third["null_controls"] == [{"name": "untrained", "policy": None, "source_code": ""}]
    assert set(third["library"]) == {"control untrained", "interp_claims.mazes.sampling._Only"}


def test_the_second_rule_seals_as_it_did(make_prediction):
    second = sealed_form(make_prediction(), "claims/test_p.py::test_it", "a" * 64, 2)
    assert "library" not in second
    assert second["sealing"] == 2
    assert differing_fields(second, {**second, "budget": 3, "theta": 1}) == "theta, budget"


@claim(
    number=1, source=INVARIANTS, effect_at_least=0.2, bounds=(-1, 1), mazes=with_decision_square(),
    null_controls=(untrained,), contrast_controls=(matched_noise,),
)  # fmt: skip
def _about_the_vector(policy, mazes):
    """It is so."""
    return _lowered(policy, mazes)


def _lowered(policy, mazes):
    return p_cheese(policy, mazes) - p_cheese(policy.edited(subtract(cheese_vector(policy, mazes))), mazes)


def test_the_librarys_code_that_a_prediction_uses_is_sealed_by_hashes(monkeypatch):
    about = preregistered("P9", by="somebody", on="2026-01-31", policy="one", data_seen="none")(_about_the_vector)
    form = sealed_form(about, "claims/test_p.py::test_it", None)
    assert set(form["library"]) == {
        "control noise of the same norm",
        "control untrained",
        "interp_claims.controls._edits_replaced",
        "interp_claims.controls._untrained",
        "interp_claims.edits.vectors.cheese_vector",
        "interp_claims.edits.vectors.subtract",
        "interp_claims.mazes.sampling._WithDecisionSquare",
        "interp_claims.mazes.sampling.with_decision_square",
        "interp_claims.measures.decisions.p_cheese",
    }
    monkeypatch.setattr(vectors, "_with_cheese", _lowered)  # what it uses of its own module
    changed = sealed_form(about, "claims/test_p.py::test_it", None)
    assert differing_fields(changed, form) == "library: interp_claims.edits.vectors.cheese_vector"
    assert sha256_of(changed) != sha256_of(form)
    assert block_of(changed) == block_of(form), "it keeps its mazes"


def test_a_control_of_the_library_is_sealed_by_what_it_does(monkeypatch):
    def changed(edit, policy, mazes):
        return edit

    before = hash_of_code(matched_noise.apply)
    assert before == hash_of_code(matched_noise.apply)
    assert hash_of_code(controls._edits_replaced(changed)) != before


def _doubled(policy, mazes):
    return policy.with_edits_replaced(lambda edit: edit.then(edit))


@preregistered("P9", by="somebody", on="2026-01-31", policy="one", data_seen="none")
@claim(
    number=1,
    source=INVARIANTS,
    effect_at_least=0.2,
    bounds=(-1, 1),
    mazes=stock_mazes(),
    null_controls=(Control("doubled", _doubled),),
)
def _prediction_with_a_control_of_its_own(policy, mazes):
    """It is so."""
    return [0.5 for _ in mazes]


def test_a_control_of_ones_own_is_sealed_with_its_code():
    (control,) = sealed_form(_prediction_with_a_control_of_its_own, "claims/test_p.py::test_it", None)["null_controls"]
    assert control["name"] == "doubled"
    assert control["source_code"] == "function test_sealing.py::_doubled"
    form = sealed_form(_prediction_with_a_control_of_its_own, "claims/test_p.py::test_it", None)
    assert "edit.then(edit)" in form["source_code"]


def test_a_condition_on_mazes_is_sealed_with_its_code(make_form, changed_claims):
    form = make_form(claim=changed_claims["condition"])
    assert form["mazes"] == "only(is_odd)"
    assert form["conditions"] == ["interp_claims.mazes.sampling._Only(condition=function conftest.py::is_odd)"]
    assert "maze.size % 4 == 1" in form["source_code"]


def test_seeds_of_a_prediction_are_its_own(make_form):
    blocks = [block_of(make_form(name=f"P{i}")) for i in range(40)]
    assert len({block.first for block in blocks}) > 30
    for block in blocks:
        assert block.size == 1_000_000
        assert block.first in REGISTERED
        assert block.first + block.size - 1 in REGISTERED
        assert (block.first - REGISTERED.first) % 1_000_000 == 0
        assert not any(block.first in other for other in (TRAINING, EVALUATION, DISCOVERY, CONFIRMATION, DONORS))
