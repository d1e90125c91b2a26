"""How often models are right about whether a policy gets the cheese, as text."""

from __future__ import annotations

import io
from itertools import takewhile

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from interp_claims.mazes.sampling import CONFIRMATION
from interp_claims.measures.behaviour import BehaviourTables, key_of
from interp_claims.measures.features import FEATURES, MORE_FEATURES
from interp_claims.measures.prediction import DECIDING_MAZES, FITTED_ON, Predictor
from interp_claims.policies.policy import Policy
from interp_claims.verdicts.exact import exact_interval

_LEVEL = 0.999
_WIDTH = 110
_FOUR = (
    "Euclidean cheese to top-right",
    "steps decision square to cheese",
    "Euclidean decision square to cheese",
    "Euclidean decision square to top-right",
)
#: What is predicted from which features, by which model.
_PREDICTIONS = (
    ("the commoner outcome", _FOUR, "majority"),
    ("four distances, logistic regression", _FOUR, "L1 logistic"),
    ("eleven distances, logistic regression", tuple(FEATURES), "L1 logistic"),
    ("four distances, boosted trees", _FOUR, "boosted trees"),
    ("all features, boosted trees", tuple(MORE_FEATURES), "boosted trees"),
)


def accuracies_text(policy: Policy, tables: BehaviourTables) -> str:
    """A table: how often each of some models is right, in all recorded mazes where there is something to decide.

    The models are fitted on discovery mazes. Intervals are exact (Clopper and Pearson), at 99.9%.

    Raises:
        NotGatheredError: the policy's behaviour was not gathered.
        MazeError: the policy did the same in all mazes that models are fitted on.
    """
    tables(policy, DECIDING_MAZES.sample(CONFIRMATION, 1))
    recorded = tables.of(policy).rows
    mazes = list(takewhile(lambda maze: key_of(maze) in recorded, DECIDING_MAZES.stream(CONFIRMATION)))
    title = f"{policy.name}: whether it gets the cheese, in {len(mazes):,} mazes; models fitted on {FITTED_ON:,} others"
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title=title)
    table.add_column("predicted from")
    for heading in ("right", "99.9% interval"):
        table.add_column(heading, justify="right")
    predictor = Predictor(tables)
    for what, features, model in _PREDICTIONS:
        right = int(predictor.correct(policy, mazes, features, model).sum())
        low, high = exact_interval(right, len(mazes), _LEVEL)
        table.add_row(what, f"{right / len(mazes):.1%}", f"{low:.1%} to {high:.1%}")
    file = io.StringIO()
    Console(file=file, width=_WIDTH).print(table)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"
