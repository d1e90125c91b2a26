"""The JSON of a run: all results, with what is needed to read them later."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

import numpy as np

import interp_claims
from interp_claims.errors import InterpClaimsError
from interp_claims.files import make_folder, write_atomically
from interp_claims.report.matrix import Matrix
from interp_claims.results import ENGINE_VERSION, SCHEMA_VERSION, ClaimResult


class ResultsError(InterpClaimsError):
    """A file that holds no results of this schema."""


def write_results(
    path: Path,
    results: Sequence[ClaimResult],
    seeds_of: Optional[Mapping[str, str]] = None,
    policies: Sequence[str] = (),
) -> None:
    """Write the results of a run, sorted by claim and policy, and which claim came to what on which policy.

    Args:
        path: the file.
        results: of the run.
        seeds_of: what each policy is one seed of, by name.
        policies: names of policies, in the order of the matrix; others follow.

    Raises:
        FileError: the file cannot be written; what was there before is unchanged.
    """
    ordered = sorted(results, key=lambda result: (result.claim, result.policy or ""))
    content: dict[str, Any] = {
        "schema": SCHEMA_VERSION,
        "interp_claims": interp_claims.__version__,
        "engine": ENGINE_VERSION,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "exploratory": any(result.exploratory for result in ordered),
        "matrix": Matrix.of(ordered, seeds_of or {}, policies).to_dict(),
    }
    lines = ",\n    ".join(json.dumps(result.to_dict(), ensure_ascii=False) for result in ordered)
    head = json.dumps(content, indent=2, ensure_ascii=False).removesuffix("\n}")
    make_folder(path.parent)
    write_atomically(path, f'{head},\n  "claims": [\n    {lines}\n  ]\n}}\n')  # a line each: they hold many numbers


def read_results(path: Path) -> list[ClaimResult]:
    """The results that :func:`write_results` wrote.

    Raises:
        ResultsError: no such file, or not of this schema.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["schema"] != SCHEMA_VERSION:
            raise ResultsError(f"{path}: has schema {content['schema']}, wanted {SCHEMA_VERSION}; run the claims again")
        return [ClaimResult.from_dict(entry) for entry in content["claims"]]
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise ResultsError(f"{path}: no results ({error!r}); write them with pytest claims/ --claims-json") from error
