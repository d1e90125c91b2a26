"""Mazes to a verdict, against a test of fixed size."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterator
from pathlib import Path

from interp_claims.bench.rows import Row
from interp_claims.claims import spec_of
from interp_claims.collecting import claims_in, hypothesis_of
from interp_claims.errors import InterpClaimsError

_MARGIN = 0.1
_POWER = 0.9
_LARGEST_SHARE = 0.2


def mazes_of_a_fixed_test(
    bounds: tuple[float, float], alpha: float, margin: float = _MARGIN, power: float = _POWER
) -> int:
    """How many mazes a test of fixed size needs, by the inequality of Dvoretzky, Kiefer, Wolfowitz and Massart.

    The mean of a bounded variable lies within ``width * sqrt(log(2 / rate) / (2 n))`` of that of the sample; a margin
    holds both the band of the error rate and that of the power.

    >>> mazes_of_a_fixed_test((-1, 1), alpha=0.001)
    4029
    """
    rates = (alpha, 1 - power)
    half_widths = sum(math.sqrt(math.log(2 / rate) / 2) for rate in rates)
    return math.ceil(((bounds[1] - bounds[0]) / margin * half_widths) ** 2)


def budget_rows(device: str, repository: Path = Path()) -> Iterator[Row]:
    """The median share over the claims and policies on record; undecided claims count with all they used.

    Raises:
        InterpClaimsError: there are no records in ``repository``.
    """
    specs = {name: spec_of(function) for name, function in claims_in(repository / "claims", repository).items()}
    shares: list[float] = []
    decided = 0
    for path in sorted((repository / "fixtures" / "verdicts").glob("*.json")):
        for name, kept in json.loads(path.read_text(encoding="utf-8"))["claims"].items():
            spec = specs.get(name.split("[")[0])
            if kept["kind"] != "sampled" or spec is None or kept["verdict"] == "not evaluated":
                continue
            decided += kept["verdict"] in ("supported", "refuted")
            hypothesis = hypothesis_of(spec, name)
            bounds = hypothesis.estimand.score_bounds(hypothesis.theta)
            shares.append(kept["mazes"] / mazes_of_a_fixed_test(bounds, kept["alpha"]))
    if not shares:
        raise InterpClaimsError(
            f"{repository}: no verdicts on record, wanted those of fixtures/verdicts; run from the repository"
        )
    yield Row(
        "mazes to a verdict, median over the claims",
        f"a fixed-size test by the DKW bound, margin {_MARGIN:g}, power {_POWER:g}",
        statistics.median(shares),
        _LARGEST_SHARE,
        "at most",
        f"{len(shares)} verdicts on record, {decided} of them decided; quartiles "
        + ", ".join(f"{share:.3f}" for share in statistics.quantiles(shares)),
    )
