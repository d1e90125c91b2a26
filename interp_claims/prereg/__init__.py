"""Preregistration: predictions sealed before their data, an append-only ledger, outcomes and scores."""

from interp_claims.prereg.ledger import Entry, Ledger, LedgerError, TamperedError
from interp_claims.prereg.predictions import Credences, Prediction, PredictionError, prediction_of, preregistered
from interp_claims.prereg.reach import Reach, reach_of
from interp_claims.prereg.scoring import Score, scores
from interp_claims.prereg.sealing import block_of, sealed_form, sha256_of

__all__ = [
    "Credences",
    "Entry",
    "Ledger",
    "LedgerError",
    "Prediction",
    "PredictionError",
    "Reach",
    "Score",
    "TamperedError",
    "block_of",
    "prediction_of",
    "preregistered",
    "reach_of",
    "scores",
    "sealed_form",
    "sha256_of",
]
