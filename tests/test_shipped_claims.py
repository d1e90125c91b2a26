"""The sampled claims as they ship: under an edit that changes nothing there is nothing for them to support."""

import importlib

import numpy as np
import pytest

from interp_claims.claims import spec_of
from interp_claims.controls import no_op
from interp_claims.mazes import CONFIRMATION
from interp_claims.policies import ImpalaNetwork, Policy
from interp_claims.verdicts import EffectError

CLAIMS = [
    ("test_cheese_vector", "test_subtracting_the_cheese_vector_lowers_p_cheese", 0.0),
    ("test_retargeting", "test_clamping_one_activation_of_a_cheese_channel_retargets_the_agent", 1.0),
    ("test_resampling", "test_resampling_cheese_channels_matters_more_when_the_cheese_is_elsewhere", None),
]


@pytest.mark.parametrize(("module", "name", "without_effect"), CLAIMS, ids=[name for _, name, _ in CLAIMS])
def test_a_claim_measures_no_effect_of_an_edit_that_changes_nothing(module, name, without_effect):
    function = getattr(importlib.import_module(f"claims.{module}"), name)
    spec = spec_of(function)
    mazes = spec.mazes.sample(CONFIRMATION, 8)
    policy = Policy(ImpalaNetwork(1).initialise(0), name="small")
    estimand = next(iter(spec.hypotheses.values())).estimand

    def estimate(which):
        values = function(which, mazes)
        return estimand.estimate(np.column_stack(values) if isinstance(values, tuple) else values)

    assert estimate(policy) != without_effect, "the edit itself does something"
    if without_effect is None:
        with pytest.raises(EffectError, match="the ratio is undefined"):
            estimate(no_op.apply(policy, mazes))
    else:
        assert estimate(no_op.apply(policy, mazes)) == without_effect
    assert all(h.theta > (without_effect or 0) for h in spec.hypotheses.values())
