"""Verdicts: bounded per-maze effects to supported, refuted or undecided, with interval and number of mazes."""

from interp_claims.verdicts.approximate import (
    ShareBelow,
    Statistic,
    bootstrap_interval,
    share_interval,
    share_of_ratios_above,
    studentised_interval,
    verdict_of_interval,
)
from interp_claims.verdicts.betting import STAKES, log_wealth
from interp_claims.verdicts.estimands import EffectError, Estimand, Mean, Median, Ratio
from interp_claims.verdicts.families import e_bh
from interp_claims.verdicts.regressions import (
    correlation,
    linear_coefficient,
    logistic_coefficient,
    negative_share,
    rank_correlation,
    variance_inflation,
)
from interp_claims.verdicts.sequential import (
    DEFAULT_ALPHA,
    DEFAULT_BUDGET,
    Decision,
    Hypothesis,
    Verdict,
    confidence_interval,
    decide,
    first_crossing,
    out_of_reach,
)

__all__ = [
    "DEFAULT_ALPHA",
    "DEFAULT_BUDGET",
    "STAKES",
    "Decision",
    "EffectError",
    "Estimand",
    "Hypothesis",
    "Mean",
    "Median",
    "Ratio",
    "ShareBelow",
    "Statistic",
    "Verdict",
    "bootstrap_interval",
    "confidence_interval",
    "correlation",
    "decide",
    "e_bh",
    "first_crossing",
    "linear_coefficient",
    "log_wealth",
    "logistic_coefficient",
    "negative_share",
    "out_of_reach",
    "rank_correlation",
    "share_interval",
    "share_of_ratios_above",
    "studentised_interval",
    "variance_inflation",
    "verdict_of_interval",
]
