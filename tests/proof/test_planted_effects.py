"""Effects of known size planted into a policy: that their mean is what is said, and what the suite makes of them."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from interp_claims.edits import Vector, add
from interp_claims.mazes import CONFIRMATION, DISCOVERY, DONORS, REGISTERED, with_decision_square
from interp_claims.measures import decision_observations, p_cheese
from interp_claims.policies.network import LOGITS
from interp_claims.proof.counts import Counts
from interp_claims.proof.effects import ALPHAS, KINDS, GiveProbability, lowered, planted_claim, run_block, run_planted
from interp_claims.proof.simulated import OFFSETS
from interp_claims.running import Measurements, RunOptions, run_claim

RUNS = 8


@pytest.fixture(scope="module")
def mazes():
    return with_decision_square().sample(run_block(0), 256)


def test_a_direction_is_given_its_probability_and_the_others_keep_their_proportions(small_policy, mazes):
    shown = decision_observations(mazes[:20])
    given = np.linspace(0.001, 0.999, 20)
    directions = np.arange(20) % 5
    before = small_policy.direction_probabilities(shown)
    after = small_policy.edited(GiveProbability(directions, given)).direction_probabilities(shown)
    rows = np.arange(20)
    np.testing.assert_allclose(after[rows, directions], given, atol=1e-6)
    before[rows, directions] = after[rows, directions] = 0
    np.testing.assert_allclose(after / after.sum(axis=1)[:, None], before / before.sum(axis=1)[:, None], atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_effect_is_the_one_planted_whatever_the_policy_does(small_policy, mazes, kind):
    effects = lowered(small_policy, mazes, kind, 0.2)
    assert abs(effects.mean() - 0.2) < 4 * effects.std() / np.sqrt(len(effects))
    led = 0.35 + 0.64 * p_cheese(small_policy, mazes)
    assert ((led - 1 <= effects + 1e-5) & (effects <= led + 1e-5)).all(), "what is left of P(cheese) is a probability"
    surprise = effects - 0.2  # whatever P(cheese) was, more or less of it tells nothing about the effect
    half = led > np.median(led)
    for part in (half, ~half):
        assert abs(surprise[part].mean()) < 4 * surprise[part].std() / np.sqrt(part.sum())


def test_a_policy_that_is_certain_is_planted_into_as_well(small_policy, mazes):
    sure = small_policy.edited(add(Vector(LOGITS, 1e4 * torch.eye(15)[5], "up")))
    assert (p_cheese(sure, mazes) == 1).any(), "which would leave no odds to shift"
    effects = lowered(sure, mazes, "smooth", 0.2)
    assert abs(effects.mean() - 0.2) < 4 * effects.std() / np.sqrt(len(effects))


def test_all_or_nothing_is_what_it_says(small_policy, mazes):
    left = 0.35 + 0.64 * p_cheese(small_policy, mazes) - lowered(small_policy, mazes, "all or nothing", 0.3)
    assert np.minimum(abs(left - 1e-4), abs(left - (1 - 1e-4))).max() < 1e-5


def test_runs_share_no_mazes_with_each_other_or_with_any_other_purpose():
    blocks = [run_block(run) for run in range(1000)]
    for block, later in pairwise(blocks):
        assert block.first + block.size <= later.first
        for used in (CONFIRMATION, DISCOVERY, DONORS, REGISTERED):
            assert block.first >= used.first + used.size
            assert block.first not in used


def test_the_null_control_of_a_planted_claim_has_no_effect_at_all(small_policy):
    result = run_claim(planted_claim(small_policy, "smooth", 0.1), RunOptions(block=run_block(0)), Measurements())
    assert result.verdict == "supported"
    (control,) = result.controls
    assert (control.verdict, control.effect) == ("refuted", 0.0)


@pytest.mark.slow
def test_a_few_runs_on_a_shipped_policy_decide_what_was_planted(manifest):
    """What ``python -m interp_claims.proof effects`` measures on many runs, on a few."""
    policy = manifest.load(manifest.default)
    verdicts = [run_planted(policy, run) for run in range(RUNS)]
    for alpha in ALPHAS:
        for kind in KINDS:
            for offset in OFFSETS:
                counts = Counts.of(offset, [verdict[alpha, kind, offset] for verdict in verdicts])
                print(alpha, kind, counts)
                assert not counts.too_many(alpha), f"{kind}, {counts}, wanted a rate of {alpha} of {counts.errors}"
                if abs(offset) == 0.1 and kind == "smooth":
                    assert (counts.supported if offset > 0 else counts.refuted) == RUNS
