"""Measures: from behaviour to one number per maze."""

from interp_claims.measures.behaviour import Behaviour, BehaviourTables, NotGatheredError
from interp_claims.measures.changes import mean_total_variation, published_change, total_variation
from interp_claims.measures.decisions import Decision, decide, decision_observations, p_cheese, p_top_right
from interp_claims.measures.dwelling import dwelling_change, dwelling_observations, stationary_distribution
from interp_claims.measures.features import FEATURES, MORE_FEATURES, NOT_PREDICTIVE, PREDICTIVE, maze_features
from interp_claims.measures.fields import VectorField, field_squares, vector_fields
from interp_claims.measures.paths import normalised_path_probability, steps_from_top_right_path
from interp_claims.measures.prediction import DECIDING_MAZES, Predictor
from interp_claims.measures.rollouts import Rollout, roll_out
from interp_claims.measures.tracking import activations_at, another_square, mean_elsewhere, probe_of

__all__ = [
    "DECIDING_MAZES",
    "FEATURES",
    "MORE_FEATURES",
    "NOT_PREDICTIVE",
    "PREDICTIVE",
    "Behaviour",
    "BehaviourTables",
    "Decision",
    "NotGatheredError",
    "Predictor",
    "Rollout",
    "VectorField",
    "activations_at",
    "another_square",
    "decide",
    "decision_observations",
    "dwelling_change",
    "dwelling_observations",
    "field_squares",
    "maze_features",
    "mean_elsewhere",
    "mean_total_variation",
    "normalised_path_probability",
    "p_cheese",
    "p_top_right",
    "probe_of",
    "published_change",
    "roll_out",
    "stationary_distribution",
    "steps_from_top_right_path",
    "total_variation",
    "vector_fields",
]
