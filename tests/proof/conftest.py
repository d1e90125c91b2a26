"""A small policy whose roles can be found, and the shipped ones."""

from pathlib import Path

import pytest

from interp_claims.policies import Manifest, Policy

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def manifest():
    return Manifest(REPOSITORY / "fixtures" / "policies.toml")


@pytest.fixture
def small_policy(make_network):
    return Policy(make_network(), name="small")
