"""Measures: from behaviour to one number per maze."""

from interp_claims.measures.behaviour import Behaviour, BehaviourTables, NotGatheredError
from interp_claims.measures.changes import mean_total_variation, published_change, total_variation
from interp_claims.measures.decisions import Decision, decide, decision_observations, p_cheese, p_top_right
from interp_claims.measures.dwelling import dwelling_change, dwelling_observations, stationary_distribution
from interp_claims.measures.features import FEATURES, MORE_FEATURES, NOT_PREDICTIVE, PREDICTIVE, maze_features
from interp_claims.measures.fields import VectorField, field_squares, vector_fields
from interp_claims.measures.offsets import success_by_offset
from interp_claims.measures.paths import (
    normalised_path_probability,
    steps_from_top_right_path,
    steps_off_top_right_path,
)
from interp_claims.measures.prediction import DECIDING_MAZES, Predictor
from interp_claims.measures.retargeting import (
    ALL,
    EFFECTIVE,
    ONE,
    clamped_at,
    paths_without_cheese,
    relative_gain,
    target_in,
    target_off_the_way,
    whole_replaced,
)
from interp_claims.measures.rollouts import Rollout, roll_out
from interp_claims.measures.sureness import sureness_distance
from interp_claims.measures.tracking import activations_at, another_square, mean_elsewhere, probe_of

__all__ = [
    "ALL",
    "DECIDING_MAZES",
    "EFFECTIVE",
    "FEATURES",
    "MORE_FEATURES",
    "NOT_PREDICTIVE",
    "ONE",
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
    "clamped_at",
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
    "paths_without_cheese",
    "probe_of",
    "published_change",
    "relative_gain",
    "roll_out",
    "stationary_distribution",
    "steps_from_top_right_path",
    "steps_off_top_right_path",
    "success_by_offset",
    "sureness_distance",
    "target_in",
    "target_off_the_way",
    "total_variation",
    "vector_fields",
    "whole_replaced",
]
