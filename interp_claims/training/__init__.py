"""Making reference policies from oracle labels, and measuring how policies behave."""

from interp_claims.training.recipe import Recipe, TrainingError
from interp_claims.training.run import Scores, TrainingRun
from interp_claims.training.samples import OracleSamples, Samples, held_out, oracle_actions

__all__ = [
    "OracleSamples",
    "Recipe",
    "Samples",
    "Scores",
    "TrainingError",
    "TrainingRun",
    "held_out",
    "oracle_actions",
]
