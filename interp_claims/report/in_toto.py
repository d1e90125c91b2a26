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

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"


class AttestationError(InterpClaimsError):
    """Results that say nothing about a checkpoint."""


def statement_of(checkpoint: Path, policy_sha256: str, results_file: Path, results: Sequence[ClaimResult]) -> str:
    """The statement as JSON text; signing it is the business of other tools.

    Args:
        checkpoint: the file that the claims were run on.
        policy_sha256: the identity of its weights.
        results_file: the JSON of the run, named in the statement by its digest.
        results: what it holds.

    Raises:
        AttestationError: no result is about these weights.
    """
    own = [result for result in results if result.policy_sha256 == policy_sha256]
    if not own:
        raise AttestationError(
            f"{results_file}: holds no result about the weights of {checkpoint}; run the claims on it"
        )
    by_verdict: dict[str, list[str]] = {}
    for result in own:
        by_verdict.setdefault(result.verdict, []).append(result.claim)
    regressed = [r.claim for r in own if r.comparison is not None and r.comparison.change == "regressed"]
    failed = sorted({*by_verdict.get("refuted", []), *by_verdict.get("not evaluated", []), *regressed})
    predicate: dict[str, Any] = {
        "result": "FAILED" if failed else "WARNED" if by_verdict.get("undecided") else "PASSED",
        "configuration": [
            {"name": results_file.name, "digest": {"sha256": hashlib.sha256(results_file.read_bytes()).hexdigest()}}
        ],
        "passedTests": sorted(set(by_verdict.get("supported", [])) - set(failed)),
        "warnedTests": sorted(set(by_verdict.get("undecided", [])) - set(failed)),
        "failedTests": failed,
    }
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": checkpoint.name, "digest": {"sha256": file_sha256(checkpoint)}}],
        "predicateType": PREDICATE,
        "predicate": predicate,
    }
    return json.dumps(statement, indent=1, sort_keys=True) + "\n"
