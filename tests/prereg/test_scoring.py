"""Scores by hand."""

import math
from pathlib import Path

import pytest

from interp_claims.cli import main
from interp_claims.policies import ImpalaNetwork, save_network
from interp_claims.prereg import Ledger, PredictionError, scores
from interp_claims.prereg.meant import Meant, read_meant
from interp_claims.report.scores import score_text

REPOSITORY = Path(__file__).parents[2]
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


@pytest.mark.parametrize("told", ["bound", "resolved", "shipped"])
def test_bound_to_weights_that_the_ledger_told_of_before_a_prediction_is_retrospective(tmp_path, make_form, told):
    def form(name):
        return make_form(None, name=name, policy=None, description="to come")

    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.register(form("Y1"), ["a" * 64] if told == "shipped" else [])
    ledger.register(form("Y2"))
    if told != "shipped":
        ledger.bind("Y1", "mine", "a" * 64)
    if told == "resolved":
        ledger.resolve("Y1", {**OUTCOME, "verdict": "supported"})
    for name in ("Y3", "Y4"):
        ledger.register(form(name))
    for name, policy in (("Y2", "a"), ("Y3", "a"), ("Y4", "b")):
        ledger.bind(name, "another name", policy * 64)
    found = {score.name: score.prospective for score in scores(ledger, ())}
    assert found == {"Y1": True, "Y2": told != "shipped", "Y3": False, "Y4": True}


def test_bound_to_an_untrained_policy_a_prediction_is_retrospective(tmp_path, make_form):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    for name, policy, sha256 in (("Y1", "untrained-scale4-seed7", "a"), ("Y2", "mine", "b"), ("Y3", "theirs", "c")):
        ledger.register(make_form(None, name=name, policy=None, description="to come"))
        ledger.bind(name, policy, sha256 * 64)
    assert [score.prospective for score in scores(ledger, (), None, {"b" * 64})] == [False, False, True]


def test_an_untrained_policy_is_recognised_by_its_weights_under_another_name(tmp_path, make_form, capsys):
    for seed in (1, 5):
        save_network(ImpalaNetwork(2).initialise(seed), tmp_path / f"seed{seed}.safetensors")
    ledger, manifest = tmp_path / "ledger.jsonl", str(REPOSITORY / "fixtures/policies.toml")
    known = "counts as retrospective: that policy could be known"
    for name, policy, is_known in (
        ("Y1", tmp_path / "seed1.safetensors", True),
        ("Y2", tmp_path / "seed5.safetensors", False),
        ("Y3", "untrained-scale1-seed3", True),
        ("Y4", tmp_path / "seed5.safetensors", True),
    ):
        Ledger(ledger).register(make_form(None, name=name, policy=None, description="to come"))
        assert main(["bind", name, str(policy), "--ledger", str(ledger), "--manifest", manifest]) == 0
        assert (f"{name}: {known}" in capsys.readouterr().out) == is_known, name
    assert main(["score", "--ledger", str(ledger), "--manifest", manifest]) == 0
    text = capsys.readouterr().out
    assert [len(rows(text, kind)) for kind in ("prospective", "retrospective")] == [1, 1]
    assert [score.prospective for score in scores(Ledger(ledger), ())] == [True, True, False, False]


def test_what_was_not_evaluated_is_listed_with_the_reason_and_has_no_score(tmp_path, make_form):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.register(make_form())
    ledger.resolve("P1", {**OUTCOME, "verdict": "not evaluated", "reason": "vacuous: also supported for no-op"})
    (score,) = scores(ledger, ())
    assert (score.state, score.brier, score.log) == ("not evaluated", None, None)
    assert "P1: not evaluated: vacuous: also supported for no-op" in score_text([score])


MEANT = Meant("the network of the paper", "it had no other", "b" * 64)


def two_predictions(folder, make_form, policy_sha256="a" * 64):
    """P1 and P2, both supported."""
    ledger = Ledger(folder / "ledger.jsonl")
    for name in ("P1", "P2"):
        ledger.register(make_form(policy_sha256, name=name))
    for name in ("P1", "P2"):
        ledger.resolve(name, {**OUTCOME, "policy_sha256": policy_sha256, "verdict": "supported"})
    return ledger


def rows(text, of):
    return [line for line in text.split("authors")[1].splitlines() if of in line]


def test_about_another_network_than_was_meant_a_score_is_transferred_and_averaged_apart(tmp_path, make_form):
    found = scores(two_predictions(tmp_path, make_form), (), {"P1": MEANT})
    assert [(score.policy, score.meant) for score in found] == [("one", MEANT), ("one", None)]
    text = score_text(found)
    assert len(rows(text, "transferred to one  ")) == len(rows(text, "prospective")) == 1
    assert "P1: made about the network of the paper; it had no other" in text
    (row,) = rows(score_text(scores(Ledger(tmp_path / "ledger.jsonl"), {"a" * 64}, {"P1": MEANT})), "transferred")
    assert "transferred to one, retrospective" in row


def test_on_the_very_network_that_was_meant_nothing_is_transferred(tmp_path, make_form):
    text = score_text(scores(two_predictions(tmp_path, make_form, "b" * 64), (), {"P1": MEANT}))
    assert "transferred" not in text


def test_while_its_policy_is_awaited_a_prediction_about_another_is_transferred_to_none_yet(tmp_path, make_form):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.register(make_form(None, policy=None, description="to come"))
    (score,) = scores(ledger, (), {"P1": MEANT})
    assert (score.policy, score.meant) == ("", MEANT)
    ledger.bind("P1", "mine", "a" * 64)
    assert scores(ledger, (), {"P1": MEANT})[0].policy == "mine"


@pytest.mark.parametrize(
    "text",
    [
        "meant",
        '[[meant]]\npredictions = ["P1"]\nnetwork = "x"',
        '[[meant]]\npredictions = "P1"\nnetwork = "x"\nwhy = "y"',
        '[[meant]]\npredictions = ["P1"]\nnetwork = "x"\nwhy = "y"\n' * 2,
    ],
)
def test_a_list_of_networks_that_cannot_be_read_is_refused(tmp_path, text):
    (tmp_path / "meant.toml").write_text(text)
    with pytest.raises(PredictionError, match=r"wanted .*predictions, network and why"):
        read_meant(tmp_path / "meant.toml")


def test_what_was_predicted_of_the_authors_network_is_transferred_to_the_one_that_ships():
    found = scores(
        Ledger(REPOSITORY / "claims/ledger.jsonl"), (), read_meant(REPOSITORY / "claims/predicted_networks.toml")
    )
    authors = ("a commenter on the post", "the authors of the post")
    of_theirs = [score for score in found if score.by in authors and score.state != "out of reach"]
    assert of_theirs
    assert all(score.meant is not None for score in of_theirs), [score.name for score in of_theirs if not score.meant]
    assert all("region5-seed0" in score.meant.why for score in of_theirs)
