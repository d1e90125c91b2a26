"""Running an approximate claim: one look, batch by batch, and controls that are told which mazes they act on."""

import numpy as np
import pytest

from interp_claims.claims import approximate_claim, spec_of
from interp_claims.controls import Control
from interp_claims.mazes import CONFIRMATION, stock_mazes
from interp_claims.policies import ImpalaNetwork, Policy
from interp_claims.running import ClaimToRun, Measurements, RunOptions, run_claim
from interp_claims.sources import INVARIANTS
from interp_claims.verdicts import EffectError, linear_coefficient, studentised_interval

SAMPLE = 70


@pytest.fixture
def log():
    return []


@pytest.fixture
def measured(log):
    """The result of a claim that larger mazes have more squares; its control says that they have fewer."""

    def turned(policy, mazes):
        log.append(("control", mazes))
        return policy.with_edits_replaced(mazes)

    @approximate_claim(
        number=4,
        source=INVARIANTS,
        mazes=stock_mazes(),
        statistic=linear_coefficient(0),
        sample=SAMPLE,
        at_least=0,
        null_controls=[Control("turned", turned)],
        reported="+0.9",
    )
    def test_it(policy, mazes):
        """Larger mazes have more free squares."""
        log.append(("measured", mazes))
        if policy._edit_transform is not None:
            assert policy._edit_transform == mazes, "the control was made from the mazes that are measured"
        sign = 1 if policy._edit_transform is None else -1
        return np.column_stack([[m.size for m in mazes], [sign * len(m.free_squares) for m in mazes]])

    policy = Policy(ImpalaNetwork(1).initialise(0), name="small")
    run = ClaimToRun("test_it", spec_of(test_it), "", test_it, policy, {})
    return lambda: run_claim(run, RunOptions(alpha=0.05), Measurements())


def test_controls_are_applied_to_each_batch_and_not_to_all_mazes_at_once(measured, log):
    measured()
    mazes = stock_mazes().sample(CONFIRMATION, SAMPLE)
    batches = [mazes[:32], mazes[32:64], mazes[64:]]
    assert [asked for what, asked in log if what == "control"] == batches
    again = (mazes[21], mazes[10])
    assert [asked for what, asked in log if what == "measured"] == [*batches, again, *batches]


def test_the_estimate_is_that_of_all_batches_together(measured):
    result = measured()
    table = np.array([[m.size, len(m.free_squares)] for m in stock_mazes().sample(CONFIRMATION, SAMPLE)])
    estimate, interval = studentised_interval(table, linear_coefficient(0), alpha=0.1, seed=CONFIRMATION.first)
    assert (result.effect, result.interval) == (pytest.approx(estimate), pytest.approx(interval))
    assert (result.verdict, result.mazes, result.reported) == ("supported", SAMPLE, "+0.9")
    (control,) = result.controls
    assert (control.name, control.verdict, control.passed) == ("turned", "refuted", True)
    assert control.effect == pytest.approx(-estimate)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (lambda mazes: None, "test_it: returned nothing, wanted a row per maze; return it, do not assert it"),
        (lambda mazes: [maze.size for maze in mazes], "table: got shape (32,), wanted (32, k), one row per maze"),
        (lambda mazes: np.ones((3, 2)), "table: got shape (3, 2), wanted (32, k), one row per maze"),
        (lambda mazes: np.full((len(mazes), 2), np.nan), "table: NaN or infinite for the mazes [0, 1, 2, 3, 4]"),
        (
            lambda mazes: np.ones((len(mazes), 2 if len(mazes) == 32 else 3)),
            "test_it: got tables of [2, 3] columns, wanted as many from every batch",
        ),
        (
            lambda mazes: np.column_stack([np.full(len(mazes), 9.0), np.arange(len(mazes))]),
            "test_it: got other numbers for mazes measured apart from their batch (seed 1100000021: 9, 21 in its "
            "batch, 9, 0 apart; seed 1100000010: 9, 10 in its batch, 9, 1 apart), wanted the same",
        ),
    ],
    ids=["nothing", "one column", "too few rows", "undefined", "other columns", "places"],
)
def test_what_is_no_table_of_each_batch_is_an_error(table, message):
    with pytest.raises(EffectError) as error:
        run_claim(returning(table), RunOptions(), Measurements())
    assert str(error.value).startswith(message)


def returning(table):
    """A claim whose function returns what ``table`` makes of the mazes."""

    @approximate_claim(
        number=4, source=INVARIANTS, mazes=stock_mazes(), statistic=linear_coefficient(0), sample=SAMPLE, at_least=0,
        null_controls=[Control("nothing", lambda policy, mazes: policy)],
    )  # fmt: skip
    def test_it(policy, mazes):
        """It is so."""
        return table(mazes)

    return ClaimToRun("test_it", spec_of(test_it), "", test_it, Policy(ImpalaNetwork(1).initialise(0), name="p"), {})
