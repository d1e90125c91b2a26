"""Comparing a claim on two policies: on which mazes, and what one that cannot be measured leaves standing."""

import copy

import numpy as np
import pytest
import torch

from interp_claims.claims import claim, spec_of
from interp_claims.controls import no_op
from interp_claims.edits import Vector, add
from interp_claims.mazes import CONFIRMATION, MazeError, Observations, stock_mazes
from interp_claims.policies import ImpalaNetwork, Policy
from interp_claims.policies.network import LOGITS
from interp_claims.results import ClaimResult
from interp_claims.running import ClaimToRun, Measurements, RunOptions, comparison
from interp_claims.running.comparison import Lost, compare
from interp_claims.running.context import UnmeasurableMazeError
from interp_claims.running.older import ComparisonError, OlderPolicy, OlderResults
from interp_claims.sources import INVARIANTS

OPTIONS = RunOptions(block=CONFIRMATION)
SEEDS = [maze.seed for maze in stock_mazes().sample(CONFIRMATION, 64)]


@pytest.fixture(scope="module")
def policies():
    return [Policy(ImpalaNetwork(1).initialise(seed), name=name) for seed, name in enumerate(("old", "new"))]


@pytest.fixture
def claimed(policies):
    """A claim on the new policy: its effect by the policy's name, undefined on some mazes; and what it was asked."""

    def make(old, new, undefined=()):
        asked = []

        def test_it(policy, mazes):
            """It is so."""
            asked.extend((policy.name, maze.seed) for maze in mazes)
            if any(maze.seed in undefined for maze in mazes):
                raise MazeError("no such thing")
            return np.full(len(mazes), {"old": old, "new": new}[policy.name])

        declared = {"mazes": stock_mazes(), "bounds": (-1, 1), "effect_at_least": 0.1, "null_controls": [no_op]}
        function = claim(number=1, source=INVARIANTS, **declared)(test_it)
        return ClaimToRun("test_it", spec_of(function), "", function, policies[1], {}), asked

    return make


def saved(scores, broken_off=False):
    row = ClaimResult("test_it", 1, "sampled", "It is so.", "", "old", "ab", "supported", statement="mean at least 0.1")
    other = {**row.to_dict(), "claim": "test_other"}
    rows = [ClaimResult.from_dict({**row.to_dict(), "scores": scores, "broken_off": broken_off})]
    return OlderResults([*rows, ClaimResult.from_dict(other)])


def test_no_more_is_measured_than_the_older_results_hold(claimed):
    run, asked = claimed(0.5, 0.5, undefined=SEEDS[5:])
    found = compare(run, saved([(seed, 0.5) for seed in SEEDS[:5]]), OPTIONS, "", Measurements())
    assert found.mazes == 5
    assert {seed for _, seed in asked} == set(SEEDS[:5])


def test_a_maze_that_cannot_be_measured_matters_only_to_what_is_open_when_it_comes(claimed, policies):
    for place in (33, 40, 47):
        run, _ = claimed(0.9, -0.9, undefined=SEEDS[place : place + 1])
        found = compare(run, OlderPolicy(policies[0]), OPTIONS, "", Measurements())
        assert found.change == "regressed"
        assert found.mazes < 33, "it was decided before"
    run, _ = claimed(0.5, 0.5, undefined=SEEDS[20:21])
    with pytest.raises(UnmeasurableMazeError, match=f"seed {SEEDS[20]}"):
        compare(run, OlderPolicy(policies[0]), OPTIONS, "", Measurements())


def test_a_regression_stands_where_nobody_can_say_what_was_lost(claimed, policies, monkeypatch):
    run, _ = claimed(0.9, -0.9)
    assert compare(run, OlderPolicy(policies[0]), OPTIONS, "", Measurements()).lost == str(Lost.BEHAVIOUR)

    def unmeasurable(*_):
        raise MazeError("no such thing")

    monkeypatch.setattr(comparison, "_lost", unmeasurable)
    found = compare(run, OlderPolicy(policies[0]), OPTIONS, "", Measurements())
    assert (found.change, found.lost) == ("regressed", str(Lost.UNDECIDED))


@pytest.fixture
def edited(policies):
    """A claim that regressed on a policy, which it asks under an edit; both made to act much, little or otherwise."""

    def make(acts_before, acts_now, behaves_otherwise):
        old, new = (copy.copy(policy) for policy in policies)
        if behaves_otherwise:
            other = ImpalaNetwork(1).initialise(1)
            other.state_dict()["fc_policy.bias"][:] += 40 * torch.arange(15)
            new = Policy(other, name="new")
        much = {"old": acts_before, "new": acts_now}

        def test_it(policy, mazes):
            """It is so."""
            shown = Observations.at_start(mazes)
            policy.logits(shown)
            ramp = torch.arange(15).float() * (-40 if policy.name == "old" else 90)
            policy.edited(add(Vector(LOGITS, ramp * much[policy.name], "ramp"))).logits(shown)
            return np.full(len(mazes), {"old": 0.9, "new": -0.9}[policy.name])

        declared = {"mazes": stock_mazes(), "bounds": (-1, 1), "effect_at_least": 0.1, "null_controls": [no_op]}
        function = claim(number=1, source=INVARIANTS, **declared)(test_it)
        run = ClaimToRun("test_it", spec_of(function), "", function, new, {})
        return compare(run, OlderPolicy(old), OPTIONS, "", Measurements())

    return make


@pytest.mark.parametrize(
    ("acts_before", "acts_now", "behaves_otherwise", "lost"),
    [
        (1, 0, False, "mechanism"),
        (1, -1, False, "mechanism"),  # it acts as much, and otherwise
        (0, 0, True, "behaviour"),
        (1, -1, True, "behaviour"),
        (1, 0, True, "mechanism and behaviour"),
    ],
)
def test_what_was_lost_is_told_by_what_edits_do_and_by_what_the_unedited_policies_do(
    edited, acts_before, acts_now, behaves_otherwise, lost
):
    found = edited(acts_before, acts_now, behaves_otherwise)
    assert (found.change, found.lost) == ("regressed", lost)


def test_results_of_other_mazes_or_of_a_claim_that_broke_off_are_nothing_to_compare_with():
    with pytest.raises(ComparisonError, match="test_it: the saved results of old have no maze in common with this run"):
        saved([(7, 0.5)]).check_lacks("test_it")
    with pytest.raises(ComparisonError, match="test_it: broke off on old"):
        saved([], broken_off=True).check_lacks("test_it")
    saved([(7, 0.5)]).check_lacks("test_new")
