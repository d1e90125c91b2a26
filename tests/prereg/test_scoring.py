"""Scores by hand."""

import math

import pytest

from interp_claims.prereg import Ledger, scores

OUTCOME = {"policy": "one", "policy_sha256": "a" * 64, "effect": 0.5, "interval": [0.4, 0.6], "mazes": 9}


@pytest.fixture
def scored(tmp_path, make_form):
    """Registers a prediction, resolves it and gives its score."""

    def score(verdict, shipped=(), **changes):
        ledger = Ledger(tmp_path / "ledger.jsonl")
        ledger.register(make_form(**changes))
        if verdict is not None:
            ledger.resolve("P1", {**OUTCOME, "verdict": verdict})
        *_, found = scores(ledger, shipped)
        return found

    return score


@pytest.mark.parametrize(
    ("verdict", "brier", "credence"),
    [
        ("supported", 0.3**2 + 0.2**2 + 0.1**2, 0.7),
        ("refuted", 0.7**2 + 0.8**2 + 0.1**2, 0.2),
        ("undecided", 0.7**2 + 0.2**2 + 0.9**2, 0.1),
    ],
)
def test_three_way_scores(scored, verdict, brier, credence):
    score = scored(verdict)
    assert score.state == verdict
    assert score.brier == pytest.approx(brier)
    assert score.log == pytest.approx(-math.log(credence))


def test_a_credence_of_nothing_counts_as_a_hundredth(scored):
    assert scored("refuted", supported=1.0, refuted=0.0, undecided=0.0).log == pytest.approx(-math.log(0.01))


@pytest.mark.parametrize(("verdict", "brier"), [("supported", 0.04), ("refuted", 0.64)])
def test_a_credence_in_the_sentence_alone(scored, verdict, brier):
    assert scored(verdict, supported=0.8, refuted=None, undecided=None).brier == pytest.approx(brier)


def test_what_cannot_be_scored_is_listed_without_a_score(scored):
    score = scored("undecided", supported=0.8, refuted=None, undecided=None)
    assert (score.state, score.brier, score.log) == ("undecided", None, None)


def test_without_credences_or_outcome_there_is_no_score(scored):
    assert scored(None).state == "awaiting"
    assert scored(None, name="P1", data_seen="x").brier is None


def test_predictions_about_shipped_policies_are_retrospective(scored):
    assert scored("supported").prospective
    assert not scored("supported", shipped={"a" * 64}, data_seen="other").prospective


def test_what_is_out_of_reach_stays_listed(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    told = {"by": "x", "on": "2023-03-11", "sentence": "On Atari.", "credences": {"supported": 0.5}, "why": "no Atari"}
    ledger.put_out_of_reach("A4", told)
    (score,) = scores(ledger, ())
    assert (score.state, score.why, score.brier, score.prospective) == ("out of reach", "no Atari", None, False)


@pytest.mark.parametrize("told", ["bound", "resolved"])
def test_registered_anew_after_its_policy_or_outcome_is_told_a_prediction_is_no_longer_prospective(
    tmp_path, make_form, told
):
    def form(**changes):
        return (
            make_form(None, policy=None, description="to come", **changes) if told == "bound" else make_form(**changes)
        )

    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.register(form())
    ledger.register(form(data_seen="a little more"))
    assert scores(ledger, ())[0].prospective, "a change of mind before anything is known"
    if told == "bound":
        ledger.bind("P1", "one", "a" * 64)
    else:
        ledger.resolve("P1", {**OUTCOME, "verdict": "supported"})
    assert scores(ledger, ())[0].prospective
    ledger.register(form(data_seen="the outcome"))
    assert not scores(ledger, ())[-1].prospective


def test_an_outcome_keeps_its_score_when_the_prediction_is_registered_anew(tmp_path, make_form):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.register(make_form())
    ledger.resolve("P1", {**OUTCOME, "verdict": "refuted"})
    ledger.register(make_form(supported=0.1, refuted=0.8, undecided=0.1))
    old, new = scores(ledger, ())
    assert (old.state, old.superseded, old.brier) == ("refuted", True, pytest.approx(0.7**2 + 0.8**2 + 0.1**2))
    assert (new.state, new.superseded, new.brier) == ("awaiting", False, None)
    ledger.resolve("P1", {**OUTCOME, "verdict": "refuted"})
    assert [score.state for score in scores(ledger, ())] == ["refuted", "refuted"]


@pytest.mark.parametrize(("shipped", "prospective"), [(["a" * 64, "c" * 64], False), (["c" * 64], True)])
def test_bound_to_what_was_shipped_when_it_was_registered_a_prediction_is_retrospective(
    tmp_path, make_form, shipped, prospective
):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.register(make_form(None, policy=None, description="to come"), shipped)
    ledger.bind("P1", "one", "a" * 64)
    (score,) = scores(ledger, {"a" * 64, "c" * 64})
    assert score.prospective == prospective
