"""The sampled claims as they ship: under an edit that changes nothing there is nothing for them to support."""

import importlib
import re
from pathlib import Path

import numpy as np
import pytest

from interp_claims.claims import spec_of
from interp_claims.controls import no_op
from interp_claims.mazes import CONFIRMATION
from interp_claims.policies import DEFAULT_LAYER, ImpalaNetwork, Policy, RoleError, Roles
from interp_claims.records import Records
from interp_claims.report.inventory import inventory_markdown, read_elsewhere
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


def test_a_channel_that_is_the_same_at_the_cheese_and_elsewhere_moves_with_nothing(monkeypatch):
    module = importlib.import_module("claims.test_channels")
    flat = Roles(DEFAULT_LAYER, (3,), (0.0,) * 32, (0.5,) * 32, (0.5,) * 32, 4)
    monkeypatch.setattr(module, "roles_of", lambda policy: flat)
    function = module.test_a_cheese_channel_moves_with_the_cheese
    policy = Policy(ImpalaNetwork(1).initialise(0), name="small")
    with pytest.raises(RoleError, match=r"channel 3 of .* is 0\.5 at the cheese and elsewhere"):
        function(policy, spec_of(function).mazes.sample(CONFIRMATION, 2))


FOLDER = Path(__file__).parents[1] / "claims"
ELSEWHERE = read_elsewhere(FOLDER / "elsewhere.toml")
#: The number of the last claim of the inventory.
LAST = 35


def specs():
    """The declarations of all claims that ship, by name."""
    found = {}
    for path in sorted(FOLDER.glob("test_*.py")):
        module = importlib.import_module(f"claims.{path.stem}")
        for name, function in vars(module).items():
            if name.startswith("test_") and (spec := spec_of(function)) is not None:
                found[f"{path.stem}::{name}"] = spec
    return found


def test_every_number_of_the_inventory_is_a_claim_here_or_said_to_be_decided_elsewhere():
    here = {spec.number for spec in specs().values() if spec.number is not None}
    assert here | set(ELSEWHERE) == set(range(1, LAST + 1))


def test_every_number_of_the_inventory_is_reachable_from_the_table_of_what_is_on_record():
    """Whatever the verdicts are: each number has a row with one on some policy, or with the reason why it has none."""
    by_policy = Records(FOLDER.parent / "fixtures" / "verdicts").by_policy
    rows = re.findall(r"^\| (\d+) \|(.*)\|$", inventory_markdown(by_policy, ELSEWHERE), re.MULTILINE)
    marks = "✔ supported", "✘ refuted", "? undecided", "– not evaluated"  # noqa: RUF001
    reasons = [entry["why"] for entries in ELSEWHERE.values() for entry in entries]
    reachable = {int(number) for number, row in rows if any(text in row for text in (*marks, *reasons))}
    assert reachable == set(range(1, LAST + 1))


def test_everything_that_is_decided_elsewhere_says_what_and_why():
    for entries in ELSEWHERE.values():
        for entry in entries:
            assert entry["claim"].endswith(".") and entry["why"].endswith("."), entry


#: Identities of mazes, about no policy that a control could change: each says itself where it does not hold.
WITHOUT_POLICY = {
    "test_identities::test_reading_a_saved_level_and_writing_it_back_changes_no_byte",
    "test_identities::test_the_decision_square_is_where_the_ways_to_cheese_and_corner_part",
}


@pytest.mark.parametrize("name", specs())
def test_a_claim_names_its_source_and_what_it_must_fail_on(name):
    spec = specs()[name]
    assert spec.sentence
    assert str(spec.source)
    assert spec.null_controls or spec.fails_for or name in WITHOUT_POLICY
