"""Results as an in-toto test-result statement, with the checkpoint's file as its subject.

Source: in-toto attestation framework, predicate ``https://in-toto.io/attestation/test-result/v0.1``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from interp_claims.errors import InterpClaimsError
from interp_claims.policies.checkpoints import file_sha256
from interp_claims.results import ClaimResult
from interp_claims.verdicts.sequential import Verdict

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"


class AttestationError(InterpClaimsError):
    """Results that say nothing about a checkpoint, or nothing that can be vouched for."""


def statement_of(checkpoint: Path, policy_sha256: str, results_file: Path, results: Sequence[ClaimResult]) -> str:
    """The statement as JSON text; signing it is the business of other tools.

    A claim that was refuted or not evaluated, that regressed against an older policy, or whose comparison with it could
    not be made, failed. One that is undecided, or whose comparison is, has a warning: nothing was shown of it.

    Args:
        checkpoint: the file that the claims were run on.
        policy_sha256: the identity of its weights.
        results_file: the JSON of the run, named in the statement by its digest.
        results: what it holds.

    Raises:
        AttestationError: no result is about these weights, or one that is, is exploratory.
    """
    own = [result for result in results if result.policy_sha256 == policy_sha256]
    if not own:
        raise AttestationError(
            f"{results_file}: holds no result about the weights of {checkpoint}; run the claims on it"
        )
    if exploratory := [result.claim for result in own if result.exploratory]:
        raise AttestationError(
            f"{results_file}: {len(exploratory)} results are exploratory (run with --max-mazes, --alpha, --precision "
            f"or --mutant), the first {exploratory[0]}; run the claims again without these options"
        )
    failed = {result.claim for result in own if _failed(result)}
    warned = {result.claim for result in own if _undecided(result)} - failed
    predicate: dict[str, Any] = {
        "result": "FAILED" if failed else "WARNED" if warned else "PASSED",
        "configuration": [
            {"name": results_file.name, "digest": {"sha256": hashlib.sha256(results_file.read_bytes()).hexdigest()}}
        ],
        "passedTests": sorted({result.claim for result in own} - failed - warned),
        "warnedTests": sorted(warned),
        "failedTests": sorted(failed),
    }
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": checkpoint.name, "digest": {"sha256": file_sha256(checkpoint)}}],
        "predicateType": PREDICATE,
        "predicate": predicate,
    }
    return json.dumps(statement, indent=1, sort_keys=True) + "\n"


def _failed(result: ClaimResult) -> bool:
    regressed = result.comparison is not None and result.comparison.change == "regressed"
    return regressed or bool(result.not_compared) or result.verdict in (Verdict.REFUTED, Verdict.NOT_EVALUATED)


def _undecided(result: ClaimResult) -> bool:
    open_comparison = result.comparison is not None and result.comparison.change == "undecided"
    return open_comparison or result.verdict == Verdict.UNDECIDED
