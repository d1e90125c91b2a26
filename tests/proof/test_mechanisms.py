"""Planted mechanisms: what is true by construction, and what claims make of it."""

import copy
import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from interp_claims.edits import clamp, replace_channels, zero_ablate
from interp_claims.mazes import DISCOVERY, Observations, drawn_target, stock_mazes
from interp_claims.policies import DEFAULT_LAYER, ImpalaNetwork, Policy, roles_of
from interp_claims.proof.mechanisms import KINDS, PlantingError, plant
from interp_claims.proof.planted_runs import CLAIMS, Row, false_verdicts, rows_markdown, run_on_planted

CLAIMS_FOLDER = Path(__file__).parents[2] / "claims"
SEEDS = (0, 1, 2)


@pytest.fixture(scope="module")
def policy(make_network):
    """A small network that is not trained, whose every weight counts."""
    return Policy(make_network(), name="small")


@pytest.fixture(params=SEEDS)
def planted(policy, request):
    return plant(policy, request.param)


@pytest.fixture(scope="module")
def mazes():
    return stock_mazes().sample(DISCOVERY, 12)


def edits_of(policy, channel, mazes):
    """Every way in which claims change one channel."""
    targets = [drawn_target(maze) for maze in mazes]
    drawn = torch.from_numpy(np.random.default_rng(0).normal(size=(len(mazes), *policy.shape(DEFAULT_LAYER))))
    return [
        clamp(channel, targets, 5.0),
        zero_ablate(policy, channel),
        replace_channels(channel, drawn, per="maze"),
    ]


def test_decoy_and_causal_channel_say_exactly_the_same(policy, planted, mazes):
    activations = planted.policy.activations(Observations.at_start(mazes), DEFAULT_LAYER)
    causal, decoy = (activations[:, planted.channels[kind]] for kind in ("causal", "decoy"))
    assert torch.equal(causal, decoy)
    assert torch.equal(causal, activations[:, planted.model])
    assert float(causal.abs().max()) > 0


def test_decoy_and_causal_channel_track_the_cheese_exactly_as_well(planted):
    scores = roles_of(planted.policy).f_scores
    assert scores[planted.channels["decoy"]] == scores[planted.channels["causal"]] == scores[planted.model]


def test_no_edit_of_decoy_null_or_model_changes_any_output(planted, mazes):
    observations = Observations.at_start(mazes)
    before = planted.policy.logits(observations)
    for channel in (planted.channels["decoy"], planted.channels["null"], planted.model):
        for edit in edits_of(planted.policy, channel, mazes):
            assert np.array_equal(planted.policy.edited(edit).logits(observations), before), edit


def test_an_edit_of_the_causal_channel_does_what_it_did_to_the_model(policy, planted, mazes):
    """Up to what the three channels had carried themselves, which is taken out of the network to compare with."""
    network: ImpalaNetwork = copy.deepcopy(policy.forward.network)
    with torch.no_grad():
        for channel in (planted.channels["causal"], planted.channels["decoy"]):
            network.embedder.block2.res1.conv1.weight[:, channel] = 0
        for channel in planted.channels.values():
            network.embedder.block2.res2.conv1.weight[:, channel] = 0
            network.embedder.block3.conv.weight[:, channel] = 0
    without = Policy(network, name="without the three")
    observations = Observations.at_start(mazes)
    np.testing.assert_allclose(planted.policy.logits(observations), without.logits(observations), atol=1e-4)
    pairs = zip(
        edits_of(policy, planted.channels["causal"], mazes), edits_of(policy, planted.model, mazes), strict=True
    )
    for number, (of_causal, of_model) in enumerate(pairs):
        if number == 2:  # the replacement of a whole layer has the model's values in another place
            of_causal = replace_channels(
                planted.channels["causal"], of_model.source[:, [planted.model]].expand_as(of_model.source), per="maze"
            )
        changed = planted.policy.edited(of_causal).logits(observations)
        np.testing.assert_allclose(changed, without.edited(of_model).logits(observations), atol=1e-4)
        assert abs(changed - planted.policy.logits(observations)).max() > 1e-3, "and that is something"


def test_the_policy_itself_stays_as_it_is_and_seeds_plant_elsewhere(policy):
    before = policy.sha256
    channels = [tuple(plant(policy, seed).channels.values()) for seed in SEEDS]
    assert len(set(channels)) == len(SEEDS)
    assert Policy(policy.forward.network, name="same").sha256 == before
    for chosen in channels:
        assert len(set(chosen)) == 3
        assert not set(chosen) & set(roles_of(policy).cheese_channels)


def test_where_there_is_no_room_nothing_is_planted(policy, monkeypatch):
    roles = roles_of(policy)
    monkeypatch.setattr("interp_claims.proof.mechanisms.roles_of", lambda _: crowded(roles))
    with pytest.raises(PlantingError, match="has 2 channels besides cheese channels, wanted at least 3"):
        plant(policy, 0)


def crowded(roles):
    return dataclasses.replace(roles, cheese_channels=tuple(range(len(roles.f_scores) - 2)))


def row(kind, verdict, truth, claim="it retargets"):
    return Row("p", 0, kind, 3, 12.0, claim, verdict, 0.5, (0.1, 0.9), 40, truth)


def test_a_verdict_is_true_false_undecided_or_the_truth_is_open():
    rows = [
        row("causal", "supported", "supported"),
        row("causal", "undecided", "supported"),
        row("causal", "supported", "open"),
        row("decoy", "supported", "refuted"),
    ]
    table = rows_markdown(rows)
    assert "| it retargets | causal | 3 | 1 | 0 | 1 | 1 |" in table
    assert "| it retargets | decoy | 1 | 0 | 1 | 0 | 0 |" in table
    assert false_verdicts(rows) == rows[3:]


@pytest.mark.slow
@pytest.mark.parametrize("claim", range(len(CLAIMS)), ids=["retargeting", "ablation"])
@pytest.mark.parametrize("kind", KINDS)
def test_claims_tell_a_cause_from_its_copy(manifest, kind, claim):
    """What ``python -m interp_claims.proof mechanisms`` measures in all networks, in one."""
    found = run_on_planted(manifest.load("region5-seed0-scale2"), 0, kind, claim, CLAIMS_FOLDER)
    print(found)
    assert not false_verdicts([found])
    if kind != "causal":
        assert found.verdict == "refuted"
