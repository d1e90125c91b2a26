"""Declaring predictions: what could not be scored or decided is refused when it is declared."""

import pytest

from interp_claims.claims import claim, universal_claim
from interp_claims.controls import no_op
from interp_claims.mazes import stock_mazes
from interp_claims.prereg import Credences, PredictionError, prediction_of, preregistered
from interp_claims.prereg.predictions import read_out_of_reach
from interp_claims.sources import INVARIANTS


def test_a_prediction_tells_what_was_declared(make_prediction):
    prediction = prediction_of(make_prediction())
    assert (prediction.name, prediction.by, prediction.on) == ("P1", "somebody", "2026-01-31")
    assert prediction.credences == Credences(0.7, 0.2, 0.1)
    assert prediction.credences.three_way
    assert prediction_of(len) is None


def test_a_published_credence_is_one_in_the_sentence_alone(make_prediction):
    credences = prediction_of(make_prediction(supported=0.8, refuted=None, undecided=None)).credences
    assert credences.supported == 0.8
    assert credences.refuted == pytest.approx(0.2)
    assert not credences.three_way


def test_credences_may_be_missing(make_prediction):
    assert prediction_of(make_prediction(supported=None, refuted=None, undecided=None)).credences is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"supported": 0.9}, r"credences: got \[0.9, 0.2, 0.1\], wanted probabilities that add up to 1"),
        ({"supported": 1.2, "refuted": -0.3}, "wanted probabilities"),
        ({"undecided": None}, "P1: got some credences, wanted none, supported alone, or all three"),
        ({"policy": None}, "P1: got policy None and description '', wanted exactly one"),
        ({"description": "a network"}, "P1: got policy 'one' and description 'a network', wanted exactly one"),
        ({"on": "31 January"}, "P1: got the day '31 January', wanted YYYY-MM-DD"),
        (
            {"claim": {"effect_at_least": {"direction": 0.02, "size": 0.2}}},
            "P1: the claim has 2 thresholds, wanted one",
        ),
    ],
    ids=str,
)
def test_what_could_not_be_scored_is_refused(make_prediction, changes, message):
    with pytest.raises(PredictionError, match=message):
        make_prediction(**changes)


def test_what_would_not_be_sealed_is_refused(make_prediction):
    @claim(
        number=1, source=INVARIANTS, effect_at_least=0.2, bounds=(-1, 1), mazes=stock_mazes(), null_controls=(no_op,)
    )
    def test_it(policy, mazes, channel):
        """It is so."""
        return [0.5 for _ in mazes]

    with pytest.raises(PredictionError, match="P1: takes channel, wanted policy and mazes alone"):
        preregistered("P1", by="x", on="2026-01-31", policy="one", data_seen="none")(test_it)


def test_a_claim_is_predicted_once(make_prediction):
    again = preregistered("P2", by="x", on="2026-01-31", policy="one", data_seen="none")
    with pytest.raises(PredictionError) as error:
        again(make_prediction())
    assert str(error.value) == (
        "P2: stands above the prediction P1, wanted one for each claim; give each a claim of its own"
    )


def test_only_sampled_claims_can_be_predicted():
    declare = preregistered("P1", by="x", on="2026-01-31", policy="one", data_seen="none")
    with pytest.raises(PredictionError, match=r"P1: stands above no sampled claim; write @preregistered"):
        declare(len)

    @universal_claim(number=1, source=INVARIANTS)
    def test_always():
        """Always."""

    with pytest.raises(PredictionError, match="P1: stands above no sampled claim"):
        declare(test_always)


OUT_OF_REACH = """
[[prediction]]
name = "A2"
by = "somebody"
on = "2023-03-11"
sentence = "It works everywhere."
supported = 0.8
why = "needs more networks"
"""


def test_predictions_out_of_reach_are_read_with_the_reason(tmp_path):
    path = tmp_path / "out.toml"
    path.write_text(OUT_OF_REACH)
    (told,) = read_out_of_reach(path)
    assert (told["name"], told["why"]) == ("A2", "needs more networks")
    assert told["credences"] == {"supported": 0.8, "refuted": pytest.approx(0.2), "undecided": None}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('why = "needs more networks"', "", "'why'"),
        ('why = "needs more networks"', 'why = "x"\nwho = "y"', "'who'"),
        ("2023-03-11", "last year", "last year"),
        ("0.8", "8", "probabilities"),
        ("[[prediction]]", "[[predictions]]", "'prediction'"),
        ("by =", "by", "key"),
    ],
)
def test_a_list_of_predictions_with_a_mistake_is_named(tmp_path, old, new, message):
    path = tmp_path / "out.toml"
    path.write_text(OUT_OF_REACH.replace(old, new))
    with pytest.raises(PredictionError, match=rf"out\.toml: no readable list of predictions \(.*{message}"):
        read_out_of_reach(path)
