"""Runs of claims for pages, and evidence with pictures, made without a policy."""

import pytest
from results_for_pages import APPROXIMATE, BROKEN, UNIVERSAL, field, measured

from interp_claims.report.matrix import Matrix
from interp_claims.report.results_json import SavedRun
from interp_claims.running.evidence import Definition, Evidence, PicturedMaze


@pytest.fixture
def results():
    return (measured(), APPROXIMATE, UNIVERSAL, BROKEN)


@pytest.fixture
def saved():
    """A run of results, as it is read from a file."""

    def make(*results, seeds_of=None):
        made_by = {"interp_claims": "0.1.0", "python": "3.11.7"}
        return SavedRun(results, Matrix.of(results, seeds_of or {}), made_by, any(r.exploratory for r in results))

    return make


@pytest.fixture
def evidence():
    """Evidence for a claim: two mazes, one of which could not be looked at."""
    declared = (("bounds", "-1 to 1"),)
    definition = Definition("claims/test_a.py", 12, "@claim(...)\ndef test_a(): <b>", "mean at least 0.2", declared)
    shown = PicturedMaze(1_100_000_004, "typical", 0.5, ("add(v)", "subtract(v)"), field(0), field(1), field(2))
    alone = PicturedMaze(1_100_000_005, "against", -0.1, (), field(0))
    failed = PicturedMaze(1_100_000_006, "against", 0.0, trouble="EditError: it does not fit")
    return Evidence(definition, (shown, alone, failed))
