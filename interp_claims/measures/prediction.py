"""How well features of a maze tell whether the mouse gets the cheese: models fitted on discovery mazes, then frozen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sklearn
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler

from interp_claims.mazes.maze import Maze, MazeError
from interp_claims.mazes.sampling import DISCOVERY, cheese_outside_corner, with_decision_square
from interp_claims.measures.behaviour import BehaviourTables
from interp_claims.measures.features import REGION, maze_features
from interp_claims.policies.policy import Outcomes, Policy

#: How many discovery mazes models are fitted on.
FITTED_ON = 1280
#: Where the published regressions are taken: something to decide, and the cheese outside the training region.
DECIDING_MAZES = with_decision_square() & cheese_outside_corner(REGION)

_NEW_PENALTY = tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 8)
_L1: dict[str, Any] = {"l1_ratio": 1.0} if _NEW_PENALTY else {"penalty": "l1"}


class StraightLine:
    """A probability that is a straight line in the features, by least squares, cut off at 0 and 1."""

    classes_ = (False, True)

    def fit(self, features: np.ndarray, outcomes: np.ndarray) -> StraightLine:
        """Fit the line to outcomes, bool (n,)."""
        self._line = LinearRegression().fit(features, outcomes.astype(np.float64))
        return self

    def predict_proba(self, features: np.ndarray) -> np.ndarray:
        """Probabilities of the two outcomes: (n, 2)."""
        likely = np.clip(self._line.predict(features), 0, 1)
        return np.column_stack([1 - likely, likely])

    def predict(self, features: np.ndarray) -> np.ndarray:
        """The likelier outcome: bool (n,)."""
        return np.asarray(self.predict_proba(features)[:, 1] >= 0.5)


#: Models by name: what the sources used, its baseline, one for probabilities that fall in a straight line, and two that
#: may bend: along each feature, and in any way.
MODELS: dict[str, Callable[[], Any]] = {
    "L1 logistic": lambda: make_pipeline(StandardScaler(), LogisticRegression(solver="liblinear", **_L1)),
    "majority": lambda: DummyClassifier(strategy="most_frequent"),
    "straight line": StraightLine,
    "splines": lambda: make_pipeline(StandardScaler(), SplineTransformer(), LogisticRegression(max_iter=1000)),
    "boosted trees": lambda: HistGradientBoostingClassifier(random_state=0),
}


class Predictor:
    """Predicts a policy's outcomes from features.

    Args:
        tables: where recorded behaviour is.
    """

    def __init__(self, tables: BehaviourTables) -> None:
        self.tables = tables
        self._fitted: dict[tuple[Any, ...], Any] = {}
        self._medians: dict[str, float] = {}

    def fingerprint(self) -> str:
        """The hash of the recorded behaviour that it predicts."""
        return self.tables.fingerprint()

    def correct(
        self, policy: Policy, mazes: Sequence[Maze], features: Sequence[str], model: str = "L1 logistic"
    ) -> np.ndarray:
        """Whether the model, fitted on discovery mazes, predicts each maze's outcome: float64 array (n,) of 0 and 1.

        Args:
            policy: whose outcomes.
            mazes: confirmation mazes with a decision square.
            features: names from :data:`~interp_claims.measures.features.MORE_FEATURES`.
            model: a name from :data:`MODELS`.

        Raises:
            NotGatheredError: the policy's behaviour was not gathered.
            MazeError: the policy did the same in all discovery mazes, so that there is nothing to predict.
        """
        fitted = self._fit(policy, tuple(features), model)
        predicted = fitted.predict(maze_features(mazes, features))
        return np.asarray(predicted == self._outcomes(policy, mazes, features), dtype=np.float64)

    def brier(
        self, policy: Policy, mazes: Sequence[Maze], features: Sequence[str], model: str = "L1 logistic"
    ) -> np.ndarray:
        """Brier score: the squared distance from the predicted probability to each maze's outcome, 0 to 1; (n,).

        0 is best. It tells probabilities apart that :meth:`correct` takes for the same prediction. For arguments and
        errors see there.
        """
        fitted = self._fit(policy, tuple(features), model)
        likely = fitted.predict_proba(maze_features(mazes, features))[:, list(fitted.classes_).index(True)]
        return np.asarray((likely - self._outcomes(policy, mazes, features)) ** 2)

    def gain(
        self, policy: Policy, mazes: Sequence[Maze], features: Sequence[str], model: str = "L1 logistic"
    ) -> np.ndarray:
        """How much more often the model is right than always predicting the commoner outcome: (n,) of -1, 0 and 1."""
        return self.correct(policy, mazes, features, model) - self.correct(policy, mazes, features, "majority")

    def _fit(self, policy: Policy, features: tuple[str, ...], model: str) -> Any:
        key = (policy.sha256, policy.outcomes, features, model)
        if key not in self._fitted:
            mazes = DECIDING_MAZES.sample(DISCOVERY, FITTED_ON)
            outcomes = self._outcomes(policy, mazes, features)
            if model != "majority" and len(set(outcomes.tolist())) < 2:
                raise MazeError(
                    f"prediction: {policy.name} {'got' if outcomes[0] else 'missed'} the cheese in all {FITTED_ON} "
                    "discovery mazes, so that there is nothing to predict"
                )
            self._fitted[key] = MODELS[model]().fit(maze_features(mazes, features), outcomes)
        return self._fitted[key]

    def _outcomes(self, policy: Policy, mazes: Sequence[Maze], features: Sequence[str]) -> np.ndarray:
        """Whether the policy got the cheese: bool (n,). A control may have the first feature tell that."""
        if policy.outcomes is not Outcomes.TOLD:
            return self.tables(policy, mazes).got_cheese
        first = features[0]
        if first not in self._medians:
            known = maze_features(DECIDING_MAZES.sample(DISCOVERY, FITTED_ON), [first])
            self._medians[first] = float(np.median(known))
        return np.asarray(maze_features(mazes, [first])[:, 0] <= self._medians[first])
