"""How often models are right about whether a policy gets the cheese, as a table."""

from pathlib import Path

import numpy as np
import pytest

from interp_claims.mazes import CONFIRMATION
from interp_claims.measures import DECIDING_MAZES, BehaviourTables, NotGatheredError, Predictor
from interp_claims.policies import ImpalaNetwork, Policy
from interp_claims.report import accuracies

SHIPPED = Path("fixtures/behaviour")


def test_the_shares_are_those_of_all_recorded_mazes_where_there_is_something_to_decide(manifest, monkeypatch):
    monkeypatch.setattr(accuracies, "_PREDICTIONS", accuracies._PREDICTIONS[:2])
    policy, tables = manifest.load("region5-seed1-scale2"), BehaviourTables(SHIPPED)
    lines = [" ".join(line.split()) for line in accuracies.accuracies_text(policy, tables).splitlines()]
    deciding = DECIDING_MAZES.sample(CONFIRMATION, 1695)
    with pytest.raises(NotGatheredError):
        tables(policy, DECIDING_MAZES.sample(CONFIRMATION, 1696))
    assert "in 1,695 mazes" in " ".join(lines)
    names = accuracies._FOUR
    right = Predictor(tables).correct(policy, deciding, names)
    got = tables(policy, deciding).got_cheese.mean()
    assert any(line.startswith(f"the commoner outcome {max(got, 1 - got):.1%} ") for line in lines)
    (line,) = (line for line in lines if line.startswith(f"four distances, logistic regression {right.mean():.1%} "))
    low, high = (float(end.strip("%")) / 100 for end in line.split()[-3::2])
    assert low < right.mean() < high
    assert (high - low) / 2 == pytest.approx(3.29 * np.sqrt(right.var() / len(right)), rel=0.05)


def test_a_policy_whose_behaviour_was_not_gathered_is_told_how(tmp_path, monkeypatch):
    monkeypatch.setenv("INTERP_CLAIMS_CACHE", str(tmp_path))
    with pytest.raises(NotGatheredError, match="interp-claims behaviour"):
        accuracies.accuracies_text(Policy(ImpalaNetwork(1).initialise(0), name="new"), BehaviourTables(tmp_path))
