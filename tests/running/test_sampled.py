"""Running a sampled claim: what is measured, when it stops, and what it does not depend on."""

import dataclasses

import numpy as np
import pytest

from interp_claims.claims import claim, spec_of
from interp_claims.controls import Control
from interp_claims.mazes import CONFIRMATION, MazeError, stock_mazes
from interp_claims.policies import ImpalaNetwork, Policy
from interp_claims.running import ClaimToRun, Measurements, RunOptions, run_claim, sampled
from interp_claims.running.context import UnmeasurableMazeError
from interp_claims.sources import INVARIANTS
from interp_claims.verdicts import EffectError, Verdict


def marked(name):
    """A control that leaves a mark on the policy for the claims below to read."""
    return Control(name, lambda policy, mazes: policy.with_edits_replaced(name))


@pytest.fixture(scope="module")
def policy():
    return Policy(ImpalaNetwork(1).initialise(0), name="small")


@pytest.fixture
def to_run(policy):
    """A claim whose effect on each maze is a function of the maze's seed and the control; it logs what it measures."""

    def make(effects, **options):
        log = []

        def test_it(policy, mazes):
            """It is so."""
            log.extend((policy._edit_transform, maze.seed) for maze in mazes)
            return np.array([effects(policy._edit_transform, maze.seed) for maze in mazes])

        declared = {
            "number": 1,
            "source": INVARIANTS,
            "mazes": stock_mazes(),
            "bounds": (-1, 1),
            "effect_at_least": 0.1,
            "null_controls": [marked("nothing")],
        }
        function = claim(**{**declared, **options})(test_it)
        return ClaimToRun("test_it", spec_of(function), "", function, policy, {}), log

    return make


def measured(log, control):
    """The seeds measured for the claim or a control, in order, each once."""
    return list(dict.fromkeys(seed for which, seed in log if which == control))


def noise(seed):
    return (seed * 2_654_435_761 % 2**32) / 2**32 - 0.5


def some_effect(control, seed):
    return {None: 0.35, "nothing": 0.0, "half": 0.1}[control] + 0.6 * noise(seed)


def run(claim_to_run, options=None):
    result = run_claim(claim_to_run, options or RunOptions(), Measurements())
    return dataclasses.replace(result, seconds=0.0)


@pytest.mark.parametrize("batch", [1, 7, 32, 100, 1024])
def test_the_result_does_not_depend_on_how_many_mazes_are_measured_at_a_time(to_run, monkeypatch, batch):
    options = {"contrast_controls": [marked("half")], "null_controls": [marked("nothing")]}
    expected = run(to_run(some_effect, **options)[0])
    monkeypatch.setattr(sampled, "BATCH", batch)
    assert run(to_run(some_effect, **options)[0]) == expected
    assert expected.verdict == "supported"


@pytest.mark.parametrize("batch", [24, 32, 500])
def test_when_a_hopeless_control_is_given_up_does_not_depend_on_the_batch_either(to_run, monkeypatch, batch):
    monkeypatch.setattr(sampled, "BATCH", batch)
    at_the_threshold = run(to_run(lambda control, seed: 0.1 if control else 0.5)[0])
    (control,) = at_the_threshold.controls
    assert (control.verdict, control.mazes, control.passed) == ("undecided", 128, False)
    assert at_the_threshold.reason == "control undecided: nothing"


def test_mazes_come_in_the_order_of_the_confirmation_seeds(to_run):
    claim_to_run, log = to_run(some_effect)
    run(claim_to_run)
    own = measured(log, None)
    assert own == list(range(CONFIRMATION.first, CONFIRMATION.first + len(own)))


def test_each_line_stops_being_measured_when_it_is_decided(to_run):
    claim_to_run, log = to_run(lambda control, seed: 0.9 if control is None else 0.05)
    result = run(claim_to_run)
    own, controls = (len(measured(log, control)) for control in (None, "nothing"))
    assert result.mazes <= own < result.mazes + 32
    assert result.controls[0].mazes <= controls < result.controls[0].mazes + 32
    assert controls > own


def test_the_budget_is_never_exceeded(to_run):
    claim_to_run, log = to_run(lambda control, seed: 0.1 + 0.3 * noise(seed), budget=75)
    result = run(claim_to_run)
    assert (result.verdict, result.mazes, result.budget) == ("undecided", 75, 75)
    assert max(len(measured(log, control)) for control in (None, "nothing")) == 75


def test_once_a_claim_is_refuted_no_contrast_is_measured_further(to_run):
    claim_to_run, log = to_run(
        lambda control, seed: {None: -0.9, "nothing": -0.9, "half": -0.9}[control], contrast_controls=[marked("half")]
    )
    result = run(claim_to_run)
    assert result.verdict == "refuted"
    assert sum(1 for control, _ in log if control == "half") == 32


def test_the_mazes_against_a_claim_are_the_worst_of_those_that_count(to_run):
    claim_to_run, _ = to_run(some_effect)
    result = run(claim_to_run)
    counted = range(CONFIRMATION.first, CONFIRMATION.first + result.mazes)
    worst = sorted(counted, key=lambda seed: some_effect(None, seed))[:3]
    assert [seed for seed, _ in result.against] == worst
    assert [effect for _, effect in result.against] == pytest.approx([some_effect(None, seed) for seed in worst])


def test_another_error_rate_or_budget_marks_the_result_exploratory(to_run):
    for options in (RunOptions(alpha=0.01), RunOptions(max_mazes=2048)):
        assert run(to_run(some_effect)[0], options).exploratory
    assert not run(to_run(some_effect)[0]).exploratory


def test_who_watches_a_claim_run_sees_the_evidence_grow_and_the_interval_narrow(to_run, monkeypatch):
    monkeypatch.setattr(sampled, "_SECONDS_BETWEEN_LOOKS", 0.0)
    seen = []
    monkeypatch.setattr(sampled, "BATCH", 8)
    run_claim(
        to_run(lambda control, seed: some_effect(control, seed) - 0.1)[0], RunOptions(), Measurements(), seen.append
    )
    looks = [progress for progress in seen if progress.verdict is Verdict.UNDECIDED]
    assert looks, "undecided at first"
    for progress in looks:
        assert progress.interval[0] <= progress.effect <= progress.interval[1]
        assert 0 <= progress.support <= 1
        assert 0 <= progress.refute <= 1
    widths = [progress.interval[1] - progress.interval[0] for progress in looks]
    assert widths == sorted(widths, reverse=True)
    assert looks[-1].support > max(looks[0].support, 0.3) > looks[-1].refute
    assert all(progress.seconds_left > 0 for progress in looks)


# -- a maze measures the same alone -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("batch", "again"), [(32, [21, 10]), (7, [4, 2]), (2, [1, 0]), (1, [0])])
def test_two_mazes_of_the_first_batch_are_measured_once_more_for_the_claim_alone(to_run, monkeypatch, batch, again):
    monkeypatch.setattr(sampled, "BATCH", batch)
    claim_to_run, log = to_run(some_effect, contrast_controls=[marked("half")])
    run(claim_to_run)
    own = [seed - CONFIRMATION.first for control, seed in log if control is None]
    assert own[batch : batch + len(again)] == again
    assert len(own) == len(measured(log, None)) + len(again)
    for control in ("nothing", "half"):
        of_control = [seed for which, seed in log if which == control]
        assert of_control == measured(log, control)


def depending(policy, how, **options):
    """A claim that returns what ``how`` makes of a batch."""

    def test_it(policy, mazes):
        """It is so."""
        return how(mazes)

    declared = {"number": 1, "source": INVARIANTS, "mazes": stock_mazes(), "null_controls": [marked("nothing")]}
    function = claim(**{**declared, "effect_at_least": 0.1, "bounds": (-1, 1), **options})(test_it)
    return ClaimToRun("test_it", spec_of(function), "", function, policy, {})


def own(mazes):
    return np.array([noise(maze.seed) for maze in mazes])


DEPENDENCES = {
    "mean of the batch": lambda mazes: own(mazes) - own(mazes).mean(),
    "rank in the batch": lambda mazes: own(mazes).argsort().argsort() / len(mazes),
    "neighbour in the batch": lambda mazes: np.roll(own(mazes), 1),
    "place in the batch": lambda mazes: np.arange(len(mazes)) / 1024,
    "size of the batch": lambda mazes: np.full(len(mazes), len(mazes) / 1024),
    "global random state": lambda mazes: np.random.random(len(mazes)),  # noqa: NPY002
    "one bit in a thousand": lambda mazes: own(mazes) / 2 + 1e-3 * np.arange(len(mazes)) / len(mazes),
}


@pytest.mark.parametrize("how", DEPENDENCES.values(), ids=DEPENDENCES)
@pytest.mark.parametrize("batch", [32, 500])
def test_a_number_that_depends_on_its_batch_is_an_error_that_names_the_mazes(policy, monkeypatch, how, batch):
    monkeypatch.setattr(sampled, "BATCH", batch)
    with pytest.raises(EffectError, match=r"test_it: got other numbers for mazes .* .seed 11000\d+: ") as error:
        run(depending(policy, how))
    assert str(error.value).endswith("depend on nothing but the maze: no batch, no order, no global random state")


def test_either_part_of_a_ratio_must_not_depend_on_its_batch(policy):
    def how(mazes):
        return np.full(len(mazes), 0.5), np.arange(len(mazes)) / 32

    with pytest.raises(EffectError, match=r"seed 1100000021: 0\.5, 0\.65625 in its batch, 0\.5, 0 apart"):
        run(depending(policy, how, effect_at_least=None, ratio_at_least=1.1, bounds=(0, 1)))


def test_noise_of_the_last_digits_is_no_dependence(policy):
    assert run(depending(policy, lambda mazes: own(mazes) + 1e-5 * np.arange(len(mazes)) / len(mazes))).verdict


def test_in_lower_precision_nobody_looks(policy):
    claim_to_run = depending(policy, lambda mazes: own(mazes) / 2 + 0.01 * np.arange(len(mazes)) / len(mazes))
    assert run(claim_to_run, RunOptions(precision="bfloat16")).verdict


# -- a maze that cannot be measured ----------------------------------------------------------------------------------

BAD = CONFIRMATION.first + 40
BAD_AND_LATER = range(BAD, CONFIRMATION.first + CONFIRMATION.size)


def undefined_on(bad, which, effects):
    """Effects by control that are the same on every maze, and for one of the controls undefined on some seeds."""

    def effect(control, seed):
        if control == which and seed in bad:
            raise MazeError("undefined")
        return effects[control]

    return effect


@pytest.mark.parametrize("batch", [1, 7, 32, 50])
@pytest.mark.parametrize("bad", [{BAD}, BAD_AND_LATER], ids=["one", "all"])
@pytest.mark.parametrize(("own", "verdict"), [(0.9, "supported"), (-0.9, "refuted")])
def test_what_was_decided_stands_where_only_a_null_control_comes_to_the_maze(
    to_run, monkeypatch, batch, bad, own, verdict
):
    monkeypatch.setattr(sampled, "BATCH", batch)
    effects = {None: own, "nothing": 0.05, "half": 0.0 if own > 0 else own}
    claim_to_run, _ = to_run(undefined_on(bad, "nothing", effects), contrast_controls=[marked("half")])
    result = run(claim_to_run)
    assert (result.verdict, result.unmeasurable) == (verdict, None)
    assert result.mazes < 40
    null = result.controls[0]
    assert (null.verdict, null.mazes, null.passed) == ("undecided", 40, False)
    assert result.reason == "control undecided: nothing"


def test_what_was_decided_stands_where_more_mazes_were_asked_for(to_run):
    claim_to_run, _ = to_run(undefined_on(BAD_AND_LATER, None, {None: 0.9, "nothing": -0.9}))
    result = run(claim_to_run, RunOptions(at_least=100))
    assert result.verdict == "supported"
    assert result.mazes < 40 == len(result.scores)


@pytest.mark.parametrize("which", ["nothing", "half"])
def test_a_claim_is_open_while_a_contrast_is(to_run, which):
    effects = {None: 0.9, "nothing": 0.05, "half": 0.75}
    claim_to_run, _ = to_run(undefined_on({BAD}, which, effects), contrast_controls=[marked("half")])
    with pytest.raises(UnmeasurableMazeError) as error:
        run(claim_to_run)
    assert error.value.seed == BAD


def test_once_one_contrast_is_not_beaten_another_one_changes_nothing(to_run):
    effects = {None: 0.9, "nothing": -0.9, "half": 0.79, "same": 1.0}
    controls = [marked("half"), marked("same")]
    claim_to_run, _ = to_run(undefined_on({BAD + 200}, "half", effects), contrast_controls=controls)
    result = run(claim_to_run)
    assert (result.verdict, result.reason) == (
        "not evaluated",
        "the effect does not exceed that of same by the threshold",
    )
