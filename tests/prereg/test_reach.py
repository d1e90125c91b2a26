"""What a budget can decide."""

import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from interp_claims.claims import spec_of
from interp_claims.cli import main
from interp_claims.controls import untrained
from interp_claims.prereg import Ledger, reach_of
from interp_claims.verdicts import Verdict, decide

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def reach(make_prediction):
    return lambda **claim: reach_of(spec_of(make_prediction(claim=claim)))


def test_a_large_budget_reaches_both_verdicts(reach):
    found = reach()
    assert found.can_support
    assert found.can_refute


def test_no_budget_of_a_few_mazes_reaches_anything(reach):
    found = reach(budget=3)
    assert not found.can_support
    assert not found.can_refute


def test_a_threshold_near_the_bound_is_soon_refuted_and_late_supported(reach):
    found = reach(effect_at_least=0.99, budget=100)
    assert not found.can_support
    assert found.can_refute


@pytest.mark.parametrize("direction", ["effect_at_least", "effect_at_most"])
def test_power_grows_with_the_margin_and_the_budget(reach, direction):
    claim = {"effect_at_least": None, direction: 0.0}
    small, large = reach(budget=100, **claim), reach(budget=1024, **claim)
    for side in (0, 1):
        assert small.power[0.05][side] <= small.power[0.2][side]
        assert small.power[0.1][side] < large.power[0.1][side]
        assert large.power[0.1][side] > 0.9


def test_what_lies_beyond_the_bounds_has_no_power(reach):
    inside, outside = reach(effect_at_least=0.9).power[0.2]
    assert math.isnan(inside)
    assert outside > 0.9


def test_within_and_ratios_have_power_too(reach):
    within = reach(effect_at_least=None, effect_within=0.3)
    assert within.can_support
    assert within.power[0.1][0] > 0.9
    ratio = reach(effect_at_least=None, ratio_at_least=1.1, bounds=None)
    assert ratio.can_support
    assert ratio.can_refute


# -- contrast controls -----------------------------------------------------------------------------------------------

STEEP = {"effect_at_least": 0.9, "bounds": (0, 1), "budget": 128}


def test_what_cannot_exceed_its_contrast_control_in_time_cannot_be_supported(reach, make_prediction):
    alone = reach(**STEEP)
    assert alone.can_support
    assert alone.mazes_to_contrast is None
    assert not alone.power_to_contrast
    found = reach(**STEEP, contrast_controls=(untrained,))
    assert found.mazes_to_support == alone.mazes_to_support <= 128 < found.mazes_to_contrast < 256
    assert not found.can_support
    assert found.can_refute
    assert f"contrast control by the threshold takes at least {found.mazes_to_contrast}; give" in found.obstacle()

    spec = spec_of(make_prediction(claim={**STEEP, "contrast_controls": (untrained,)}))
    contrast = spec.hypotheses[""].contrast()
    for more, verdict in ((-1, Verdict.UNDECIDED), (0, Verdict.SUPPORTED)):
        mazes = found.mazes_to_contrast + more
        assert decide(np.ones(mazes), contrast).verdict is verdict, "1 on the policy and 0 under the control"


@pytest.mark.parametrize("direction", ["effect_at_least", "effect_at_most"])
def test_with_a_budget_for_the_contrast_there_is_power_to_exceed_it(reach, direction):
    small, large = (
        reach(**{"effect_at_least": None, direction: 0.0}, contrast_controls=(untrained,), budget=budget)
        for budget in (128, 1024)
    )
    for found in (small, large):
        assert found.can_support
        assert not found.obstacle()
        assert all(found.power_to_contrast[margin] <= found.power[margin][0] for margin in found.power), "twice as wide"
    assert small.power_to_contrast[0.2] < large.power_to_contrast[0.2] > 0.9


def test_ratios_have_contrasts_too(reach):
    options = {"effect_at_least": None, "ratio_at_least": 1.1, "bounds": None, "contrast_controls": (untrained,)}
    assert reach(**options).can_support
    found = reach(**options)
    needed = max(found.mazes_to_support, found.mazes_to_contrast)
    assert not reach(**options, budget=needed - 1).can_support
    assert reach(**options, budget=needed).can_support


# -- what register says ----------------------------------------------------------------------------------------------

FILE = """
from interp_claims.claims import claim
from interp_claims.controls import no_op, untrained
from interp_claims.mazes import stock_mazes
from interp_claims.prereg import preregistered
from interp_claims.sources import INVARIANTS

@preregistered("P1", by="somebody", on="2026-01-31", description="to come", supported=.7, refuted=.2, undecided=.1,
               data_seen="none")
@claim(number=1, source=INVARIANTS, mazes=stock_mazes(), {})
def test_it(policy, mazes):
    'It is so.'
    return [1.0 for _ in mazes]
"""


@pytest.fixture
def registered(tmp_path, monkeypatch, capsys):
    """Registers a prediction with a claim of some options: exit status, output, errors and the ledger."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "claims").mkdir()
    (tmp_path / "fixtures").mkdir()
    shutil.copy(REPOSITORY / "fixtures" / "policies.toml", tmp_path / "fixtures")

    def register(options):
        (tmp_path / "claims" / "test_p.py").write_text(FILE.format(options))
        status = main(["register", "claims/test_p.py"])
        told = capsys.readouterr()
        return status, told.out, told.err, Ledger(tmp_path / "claims" / "ledger.jsonl")

    return register


def test_register_refuses_what_cannot_exceed_its_contrast_control_in_time(registered):
    steep = "effect_at_least=.9, bounds=(0, 1), budget={}, null_controls=(no_op,), contrast_controls=(untrained,)"
    status, _, error, ledger = registered(steep.format(128))
    assert status == 2
    assert "P1: cannot be supported within 128 mazes whatever they say: exceeding a contrast control" in error
    assert not ledger.entries
    status, told, _, ledger = registered(steep.format(512))
    assert (status, len(ledger.entries)) == (0, 1)
    assert ", beyond a contrast control after 1" in told
    assert "power to exceed a contrast control by the threshold, which it takes to be supported, with a " in told


def test_register_tells_the_power_to_support_that_there_is_no_effect(registered):
    _, told, _, _ = registered("effect_within=.05, bounds=(-1, 1), budget=4096, null_controls=(no_op,)")
    assert "if the mean is 0: " in told
    assert "if the mean is 0: – / –" not in told  # noqa: RUF001


# -- claims of no effect ---------------------------------------------------------------------------------------------


def test_that_there_is_no_effect_has_power_at_zero_and_at_margins_inside(reach):
    narrow = reach(effect_at_least=None, effect_within=0.1, bounds=(-0.5, 0.5), budget=4096)
    assert narrow.power_at_zero > 0.9
    assert narrow.power_at_zero >= narrow.power[0.05][0] > 0, "half as far from the threshold"
    assert math.isnan(narrow.power[0.2][0])
    assert all(refuted > 0 for _, refuted in narrow.power.values())
    wide = reach(effect_at_least=None, effect_within=0.05, bounds=(-1, 1))
    assert all(math.isnan(inside) for inside, _ in wide.power.values())
    assert not math.isnan(wide.power_at_zero)
    assert wide.can_support == (wide.mazes_to_support <= 1024)
    assert wide.power[0.2][1] > 0.9
    assert reach().power_at_zero is None
