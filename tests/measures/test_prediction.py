"""Prediction: what is decided by the features is predicted, what is not is not."""

import numpy as np
import pytest

from interp_claims.mazes import (
    CONFIRMATION,
    DISCOVERY,
    MazeError,
    corner_squares,
    decision_square,
    with_decision_square,
)
from interp_claims.measures import (
    DECIDING_MAZES,
    BehaviourTables,
    NotGatheredError,
    Predictor,
    behaviour,
    maze_features,
    prediction,
)
from interp_claims.measures.behaviour import BehaviourTable, Row, file_of, key_of
from interp_claims.policies.policy import Outcomes

NEEDED_TO_FIT = prediction.FITTED_ON
FITTED_ON, ASKED = 160, 60
DECIDING = "steps cheese to top-right"
OTHER = "background"


@pytest.fixture(autouse=True)
def fitted_on_few(monkeypatch):
    monkeypatch.setattr(prediction, "FITTED_ON", FITTED_ON)


@pytest.fixture(scope="module")
def fitted():
    return DECIDING_MAZES.sample(DISCOVERY, FITTED_ON)


@pytest.fixture(scope="module")
def asked():
    return DECIDING_MAZES.sample(CONFIRMATION, ASKED)


@pytest.fixture
def planted(tmp_path, monkeypatch, tiny_policy, fitted, asked):
    """A predictor from recorded outcomes; ``decide(maze)`` says who got the cheese."""
    monkeypatch.setenv("INTERP_CLAIMS_CACHE", str(tmp_path))

    def plant(decide):
        rows = [Row(key_of(maze), maze.seed, int(decide(maze)), 0, 9, 0.5, 0.5) for maze in (*fitted, *asked)]
        BehaviourTable(tiny_policy.sha256, rows).write(file_of(tiny_policy, tmp_path))
        return Predictor(BehaviourTables(tmp_path))

    return plant


@pytest.fixture(scope="module")
def median(fitted):
    return float(np.median(maze_features(fitted, [DECIDING])))


@pytest.fixture
def by_one_feature(planted, median):
    return planted(lambda maze: maze_features([maze], [DECIDING])[0, 0] <= median)


def test_mazes_to_decide_in_have_their_cheese_outside_the_training_region(asked):
    for maze in asked:
        assert decision_square(maze) is not None
        assert maze.cheese not in corner_squares(maze, 5)


@pytest.mark.parametrize(("block", "needed"), [(DISCOVERY, NEEDED_TO_FIT), (CONFIRMATION, 1500)], ids=str)
def test_enough_mazes_are_gathered_for_the_models_and_for_the_claims(block, needed):
    part = next(part for part in behaviour.PARTS if part.block == block)
    assert part.mazes == with_decision_square()
    gathered = part.mazes.sample(block, part.count)
    assert sum(maze.cheese not in corner_squares(maze, 5) for maze in gathered) >= needed


@pytest.mark.parametrize("model", ["L1 logistic", "boosted trees"])
def test_outcomes_that_one_feature_decides_are_predicted(by_one_feature, tiny_policy, asked, model):
    correct = by_one_feature.correct(tiny_policy, asked, [DECIDING, OTHER], model)
    assert (correct.shape, correct.dtype) == ((ASKED,), np.float64)
    assert set(correct.tolist()) <= {0.0, 1.0}
    assert correct.mean() > 0.9
    gain = by_one_feature.gain(tiny_policy, asked, [DECIDING, OTHER], model)
    assert set(gain.tolist()) <= {-1.0, 0.0, 1.0}
    assert gain.mean() > 0.3


def test_the_gain_is_over_always_predicting_the_commoner_outcome(planted, tiny_policy, asked, fitted):
    predictor = planted(lambda maze: maze.seed % 4 != 0)
    common = np.mean([maze.seed % 4 != 0 for maze in fitted]) > 0.5
    majority = predictor.correct(tiny_policy, asked, [DECIDING], "majority")
    assert majority.tolist() == [float((maze.seed % 4 != 0) == common) for maze in asked]
    for model in ("L1 logistic", "boosted trees"):
        correct = predictor.correct(tiny_policy, asked, [DECIDING], model)
        gain = predictor.gain(tiny_policy, asked, [DECIDING], model)
        assert gain.tolist() == (correct - majority).tolist()


def test_a_feature_that_says_nothing_gains_nothing(by_one_feature, tiny_policy, asked):
    assert by_one_feature.gain(tiny_policy, asked, [OTHER]).mean() < 0.2


def test_another_mazes_outcomes_cannot_be_predicted(by_one_feature, tiny_policy, asked):
    other = tiny_policy.with_outcomes(Outcomes.OF_ANOTHER_MAZE)
    by_one_feature.correct(tiny_policy, asked, [DECIDING])
    assert by_one_feature.gain(other, asked, [DECIDING]).mean() < 0.2, "not by the model of its own outcomes either"


def test_opposite_outcomes_are_predicted_as_well_by_a_model_of_their_own(by_one_feature, tiny_policy, asked):
    opposite = tiny_policy.with_outcomes(Outcomes.OPPOSITE)
    own = by_one_feature.correct(tiny_policy, asked, [DECIDING])
    assert by_one_feature.correct(opposite, asked, [DECIDING]).tolist() == own.tolist()


def test_where_the_feature_is_to_tell_it_does_whatever_the_policy_did(planted, tiny_policy, asked, fitted):
    predictor = planted(lambda maze: maze.seed % 3 == 0)
    told = tiny_policy.with_outcomes(Outcomes.TOLD)
    for feature in (DECIDING, OTHER):
        small = maze_features(asked, [feature])[:, 0] <= np.median(maze_features(fitted, [feature]))
        assert predictor.correct(told, asked, [feature, "size"], "majority").tolist() in (
            small.astype(float).tolist(),
            (~small).astype(float).tolist(),
        )
    assert predictor.gain(told, asked, [DECIDING]).mean() > 0.3
    assert predictor.gain(tiny_policy, asked, [DECIDING]).mean() < 0.2, "the policy's own outcomes are another matter"


# -- probabilities ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["L1 logistic", "straight line", "splines", "boosted trees"])
def test_a_brier_score_is_the_squared_distance_of_probability_and_outcome(by_one_feature, tiny_policy, asked, model):
    scores = by_one_feature.brier(tiny_policy, asked, [DECIDING], model)
    assert (scores.shape, scores.dtype) == ((ASKED,), np.float64)
    assert (scores.min() >= 0) and (scores.max() <= 1)
    likely = by_one_feature._fit(tiny_policy, (DECIDING,), model).predict_proba(maze_features(asked, [DECIDING]))[:, 1]
    np.testing.assert_allclose(scores, (likely - by_one_feature.tables(tiny_policy, asked).got_cheese) ** 2)
    assert scores.mean() < 0.15, "one feature decides"


def test_what_rises_and_falls_again_is_no_straight_line(planted, tiny_policy, asked, fitted):
    low, high = np.quantile(maze_features(fitted, [DECIDING]), [0.3, 0.7])
    predictor = planted(lambda maze: low <= maze_features([maze], [DECIDING])[0, 0] <= high)
    line, bent = (predictor.brier(tiny_policy, asked, [DECIDING], model) for model in ("straight line", "splines"))
    assert (line - bent).mean() > 0.05
    assert line.mean() == pytest.approx(0.24, abs=0.05), "no better than the share of mazes"


def test_a_straight_line_is_that_of_least_squares_cut_off_at_0_and_1():
    x = np.array([[0.0], [1.0], [2.0], [3.0]])
    line = prediction.StraightLine().fit(x, np.array([False, False, True, True]))
    slope, intercept = np.polyfit(x[:, 0], [0, 0, 1, 1], 1)
    np.testing.assert_allclose(line.predict_proba(x[1:3])[:, 1], intercept + slope * x[1:3, 0])
    assert line.predict_proba(np.array([[-9.0], [9.0]])).tolist() == [[1, 0], [0, 1]]
    assert line.predict(x).tolist() == [False, False, True, True]


# -- fitting ---------------------------------------------------------------------------------------------------------


def test_a_model_is_fitted_once_on_discovery_mazes_whatever_is_asked(by_one_feature, tiny_policy, asked, monkeypatch):
    fits = []
    make = prediction.MODELS["L1 logistic"]
    monkeypatch.setitem(prediction.MODELS, "L1 logistic", lambda: fits.append(1) or make())
    together = by_one_feature.correct(tiny_policy, asked, [DECIDING])
    alone = [by_one_feature.correct(tiny_policy, [maze], [DECIDING])[0] for maze in asked[:9]]
    assert alone == together[:9].tolist()
    assert len(fits) == 1
    by_one_feature.correct(tiny_policy, asked, [DECIDING, OTHER])
    assert len(fits) == 2


def test_it_is_fitted_on_the_features_of_the_discovery_mazes(by_one_feature, tiny_policy, asked, fitted, monkeypatch):
    seen = []

    class Model:
        def fit(self, features, outcomes):
            seen.append((features, outcomes))
            return self

        def predict(self, features):
            return np.ones(len(features), dtype=bool)

    monkeypatch.setitem(prediction.MODELS, "mine", Model)
    correct = by_one_feature.correct(tiny_policy, asked, [DECIDING, "size"], "mine")
    ((features, outcomes),) = seen
    np.testing.assert_array_equal(features, maze_features(fitted, [DECIDING, "size"]))
    table = by_one_feature.tables
    assert outcomes.tolist() == table(tiny_policy, fitted).got_cheese.tolist()
    assert correct.tolist() == table(tiny_policy, asked).got_cheese.tolist()


@pytest.mark.parametrize(("always", "did"), [(True, "got"), (False, "missed")])
def test_where_the_policy_always_does_the_same_there_is_nothing_to_predict(planted, tiny_policy, asked, always, did):
    predictor = planted(lambda maze: always)
    with pytest.raises(MazeError) as error:
        predictor.gain(tiny_policy, asked, [DECIDING])
    assert str(error.value) == (
        f"prediction: tiny {did} the cheese in all {FITTED_ON} discovery mazes, so that there is nothing to predict"
    )
    assert predictor.correct(tiny_policy, asked, [DECIDING], "majority").all()


def test_what_was_not_gathered_cannot_be_predicted(tiny_policy, asked, tmp_path, monkeypatch):
    monkeypatch.setenv("INTERP_CLAIMS_CACHE", str(tmp_path))
    with pytest.raises(NotGatheredError, match="gather it first, which takes minutes: interp-claims behaviour tiny"):
        Predictor(BehaviourTables(tmp_path)).correct(tiny_policy, asked, [DECIDING])
