"""The policies that the tests' pages show: where they are listed, one without training and one trained."""

from pathlib import Path

MANIFEST = Path(__file__).parents[2] / "fixtures" / "policies.toml"
SMALL, TRAINED = "untrained-scale1-seed0", "region5-seed0-scale2"
