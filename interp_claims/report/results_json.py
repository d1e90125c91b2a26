"""The JSON of a run: all results, with what is needed to read them later."""

from __future__ import annotations

import dataclasses
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

_MADE_BY = ("interp_claims", "engine", "python", "numpy")


class ResultsError(InterpClaimsError):
    """A file that holds no results of this schema."""


@dataclasses.dataclass(frozen=True)
class SavedRun:
    """A whole file of results.

    Attributes:
        results: sorted by claim and policy.
        matrix: which claim came to what on which policy.
        made_by: versions of what made it, by name.
        exploratory: whether any result is.
    """

    results: tuple[ClaimResult, ...]
    matrix: Matrix
    made_by: Mapping[str, str]
    exploratory: bool


def write_results(
    path: Path,
    results: Sequence[ClaimResult],
    seeds_of: Optional[Mapping[str, str]] = None,
    policies: Sequence[str] = (),
) -> None:
    """Write :func:`results_text` to a file.

    Raises:
        FileError: the file cannot be written; what was there before is unchanged.
    """
    text = results_text(results, seeds_of, policies)
    make_folder(path.parent)
    write_atomically(path, text)


def results_text(
    results: Sequence[ClaimResult], seeds_of: Optional[Mapping[str, str]] = None, policies: Sequence[str] = ()
) -> str:
    """The results of a run, sorted by claim and policy, and which claim came to what on which policy, as JSON.

    Args:
        results: of the run.
        seeds_of: what each policy is one seed of, by name.
        policies: names of policies, in the order of the matrix; others follow.
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
    return f'{head},\n  "claims": [\n    {lines}\n  ]\n}}\n'  # a line each: they hold many numbers


def read_results(path: Path) -> list[ClaimResult]:
    """The results that :func:`write_results` wrote.

    Raises:
        ResultsError: no such file, or not of this schema.
    """
    return list(read_run(path).results)


def read_run(path: Path) -> SavedRun:
    """The whole file that :func:`write_results` wrote.

    Raises:
        ResultsError: no such file, or not of this schema.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["schema"] != SCHEMA_VERSION:
            raise ResultsError(f"{path}: has schema {content['schema']}, wanted {SCHEMA_VERSION}; run the claims again")
        results = tuple(ClaimResult.from_dict(entry) for entry in content["claims"])
        matrix = content.get("matrix", {})
        seeds_of = {policy: name for name, members in matrix.get("seeds", {}).items() for policy in members}
        made_by = {name: str(content[name]) for name in _MADE_BY if name in content}
        exploratory = any(result.exploratory for result in results)
        return SavedRun(results, Matrix.of(results, seeds_of, matrix.get("policies", ())), made_by, exploratory)
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise ResultsError(f"{path}: no results ({error!r}); write them with pytest claims/ --claims-json") from error
