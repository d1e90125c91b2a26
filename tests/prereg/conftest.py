"""Predictions to seal: small claims about nothing that is ever measured."""

import pytest

from interp_claims.claims import claim
from interp_claims.controls import untrained
from interp_claims.mazes import only, size_between, stock_mazes
from interp_claims.prereg import preregistered, sealed_form
from interp_claims.sources import INVARIANTS

FACTOR = 2.0


def is_odd(maze):
    return maze.size % 4 == 1


def helped(values):
    return [FACTOR * value for value in values]


def claim_of(**changes):
    options = {
        "number": 1,
        "source": INVARIANTS,
        "effect_at_least": 0.2,
        "bounds": (-1, 1),
        "mazes": stock_mazes(),
        "null_controls": (untrained,),
        **changes,
    }

    @claim(**options)
    def test_it(policy, mazes):
        """It is so."""
        return helped([0.5 for _ in mazes])

    return test_it


def predicted(**changes):
    """A prediction; changes are to the prediction, those named ``claim`` to its claim."""
    options = {
        "by": "somebody",
        "on": "2026-01-31",
        "policy": "one",
        "data_seen": "none",
        "supported": 0.7,
        "refuted": 0.2,
        "undecided": 0.1,
        **changes,
    }
    options_of_claim = options.pop("claim", {})
    return preregistered(options.pop("name", "P1"), **options)(claim_of(**options_of_claim))


def form(policy_sha256="a" * 64, **changes):
    return sealed_form(predicted(**changes), "claims/test_p.py::test_it", policy_sha256)


@pytest.fixture(scope="session")
def make_prediction():
    return predicted


@pytest.fixture(scope="session")
def make_form():
    return form


@pytest.fixture(scope="session")
def changed_claims():
    """One change to a claim for each thing that decides it."""
    return {
        "theta": {"effect_at_least": 0.3},
        "direction": {"effect_at_least": None, "effect_at_most": 0.2},
        "bounds": {"bounds": (-2, 1)},
        "mazes": {"mazes": size_between(3, 9)},
        "budget": {"budget": 100},
        "condition": {"mazes": only(is_odd)},
    }
