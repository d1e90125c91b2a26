"""What one process keeps during a run: options, policies, records, and what this run is compared with."""

from __future__ import annotations

import dataclasses
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Optional

import pytest

from interp_claims.claims import policies_named
from interp_claims.errors import InterpClaimsError
from interp_claims.files import FileError
from interp_claims.outcomes import (
    ClaimNotEvaluated,
    Outcome,
    VerdictFlipped,
    not_compared,
    outcome_of,
    outcome_of_comparison,
    outcome_of_failed_comparison,
    outcome_of_prediction,
    outcome_of_transferred,
)
from interp_claims.plugin.faults import BrokenOff
from interp_claims.plugin.options import is_results
from interp_claims.policies.agreement import Agreement
from interp_claims.policies.devices import DeviceError, check_device
from interp_claims.policies.manifest import ANOTHER, Manifest
from interp_claims.policies.policy import Policy
from interp_claims.policies.roles import given_channels
from interp_claims.prereg import Ledger, Prediction
from interp_claims.records import Records
from interp_claims.report.folder import check_folder
from interp_claims.report.progress import ProgressFile
from interp_claims.report.results_json import read_results
from interp_claims.results import ClaimResult
from interp_claims.running import ClaimToRun, Measurements, RunOptions
from interp_claims.running.comparison import compare
from interp_claims.running.journal import Journal
from interp_claims.running.older import ComparisonError, Older, OlderPolicy, OlderResults


class Run:
    """What one process keeps during a run."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.options = RunOptions(
            config.getoption("alpha"),
            config.getoption("max_mazes"),
            at_least=config.getoption("at_least"),
            mutant=config.getoption("mutant") or "",
            precision=config.getoption("precision"),
        )
        self.measurements = Measurements()
        self.journal = Journal()
        self.refusal = ""
        self.fixtures = config.rootpath / "fixtures"
        self._manifest: Optional[Manifest] = None
        self._records: Optional[Records] = None
        self._ledger: Optional[Ledger] = None
        self._older_results: Optional[OlderResults] = None
        worker = getattr(config, "workerinput", None)
        self.is_worker = worker is not None
        self.folder = Path(worker["interp_claims_folder"]) if worker else _temporary_folder()
        self.progress_folder = self.folder / "progress"
        self.progress_folder.mkdir(exist_ok=True)
        self.loaded = Agreement(self.folder)
        self.broken_off = BrokenOff(self.folder, self.loaded)
        self.progress = ProgressFile(self.progress_folder, os.environ.get("PYTEST_XDIST_WORKER", "main"))

    @property
    def manifest(self) -> Manifest:
        if self._manifest is None:
            against = self.config.getoption("against")
            older = [against] if against and not is_results(against) else []
            together = [*self.config.getoption("policy"), *older]
            self._manifest = Manifest(self.fixtures / "policies.toml", self.loaded, together)
        return self._manifest

    @property
    def records(self) -> Records:
        self._records = self._records or Records(self.fixtures / "verdicts")
        return self._records

    @property
    def ledger(self) -> Ledger:
        self._ledger = self._ledger or Ledger(self.config.rootpath / "claims" / "ledger.jsonl")
        return self._ledger

    def check_options(self) -> None:
        """Find wrong policies, damaged records and unusable paths before anything runs."""
        try:
            _ = self.records, self.ledger
            given_channels(self.config.getoption("roles"))
        except InterpClaimsError as error:
            raise pytest.UsageError(str(error)) from error
        try:
            check_device(self.config.getoption("device"))
        except DeviceError as error:
            raise pytest.UsageError(f"--{error}") from error
        against = self.config.getoption("against")
        for option, asked in (("policy", self.config.getoption("policy")), ("against", [against] if against else [])):
            try:
                if asked == [against] and is_results(against):
                    _ = self.older_results
                else:
                    self.manifest.check(asked)
            except InterpClaimsError as error:
                raise pytest.UsageError(f"--{option}: {error}") from error
        if against and self.options.mutant:
            raise pytest.UsageError("--mutant: mutants are not compared with older policies; leave out --against")
        if self.config.getoption("summary") and not against:
            raise pytest.UsageError("--summary: tells of a comparison; give --against too")
        if report := self.config.getoption("report"):
            try:
                check_folder(Path(report))
            except FileError as error:
                raise pytest.UsageError(f"--report: {error}") from error
        elif self.config.getoption("no_pictures"):
            raise pytest.UsageError("--no-pictures: tells of a report; give --report too")
        if path := self.config.getoption("claims_json"):
            folder = Path(path).resolve().parent
            existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
            if Path(path).is_dir() or not existing.is_dir() or not os.access(existing, os.W_OK):
                raise pytest.UsageError(f"--claims-json: cannot write a file {path}; choose another path")

    @property
    def older_results(self) -> OlderResults:
        """The saved results that ``--against`` names."""
        if self._older_results is None:
            path = Path(self.config.getoption("against"))
            try:
                self._older_results = OlderResults(read_results(path))
            except ComparisonError as error:
                raise ComparisonError(f"{path}: {error}") from error
        return self._older_results

    def older(self, load_policy: Callable[[str], Policy]) -> Optional[Older]:
        """What ``--against`` names: a policy or saved results."""
        against = self.config.getoption("against")
        if not against:
            return None
        return self.older_results if is_results(against) else OlderPolicy(load_policy(against))

    def compared(
        self, result: ClaimResult, claim: ClaimToRun, older: Optional[Older], options: RunOptions
    ) -> ClaimResult:
        """A result with how it compares with an older policy, where there is one and claims of this kind can be."""
        if older is None or claim.spec.kind != "sampled":
            return result
        before = self._before(older, claim)
        if not before and isinstance(older, OlderPolicy):
            before = older.verdict(claim, options, self.measurements, self.progress.write)
        comparison = compare(claim, older, options, before, self.measurements)
        if comparison is None and isinstance(older, OlderResults):
            older.check_lacks(claim.name)
        return dataclasses.replace(result, comparison=comparison)

    def _before(self, older: Older, claim: ClaimToRun) -> str:
        """The verdict of a claim on an older policy, saved or on record, or empty where there is none."""
        if isinstance(older, OlderResults):
            saved = older.result(claim.name)
            return "" if saved is None else saved.verdict
        statement = str(claim.spec.hypotheses.get(claim.threshold, ""))
        return self.records.verdict_of(older.sha256, claim.name, statement) or ""

    def key(self, claim: ClaimToRun, options: RunOptions, older: Optional[Older], collected: Path) -> str:
        """What the result of a claim, collected from a file, is kept under, for ``--resume``."""
        against = "" if older is None else f"{older.key} {self._before(older, claim)}"
        measured = [claim.policy, older.policy if isinstance(older, OlderPolicy) else None]
        named = [*policies_named(claim.function), *([ANOTHER] if options.mutant else [])]
        others = [self.manifest.identity_of(name, policy) for policy in measured if policy for name in named]
        return self.journal.key(claim, options, against, others, collected)

    def policies_of(self, prediction: Prediction) -> list[str]:
        """The shipped policy that a prediction is about; none where that does not exist yet, or does not ship."""
        if prediction.policy is not None:
            return [prediction.policy]
        about = self.ledger.policy_of(prediction.name)
        return [name for name, entry in self.manifest.entries.items() if entry.sha256 == about]

    def seeds_of(self) -> dict[str, str]:
        """What each shipped policy is one seed of."""
        return {name: entry.seeds_of for name, entry in self.manifest.entries.items()}

    def outcome(self, result: ClaimResult) -> Outcome:
        if result.broken_off:
            return Outcome(ClaimNotEvaluated, "failed", result.verdict)
        if result.mutant:
            return Outcome(None, result.verdict, result.verdict)
        if result.prediction:
            if result.policy_sha256 != self.ledger.policy_of(result.prediction):
                return outcome_of_transferred(result)
            resolution = self.ledger.resolution(result.prediction)
            return outcome_of_prediction(result, None if resolution is None else str(resolution.body["verdict"]))
        if result.not_compared:
            return outcome_of_failed_comparison(result)
        undecided_fails = self.config.getoption("undecided") == "fail"
        recorded = self.records.verdict(result.policy_sha256, result.claim)
        outcome = outcome_of(result, recorded, undecided_fails)
        if recorded is not None and not result.exploratory and (other := self.records.difference(result)):
            outcome = Outcome(VerdictFlipped, "failed", f"{result.verdict}, recorded was {recorded} for {other}")
        if result.comparison is not None:
            flipped = outcome if outcome.error is VerdictFlipped else None
            return outcome_of_comparison(result, result.comparison, undecided_fails=undecided_fails, flipped=flipped)
        return not_compared(outcome) if self.config.getoption("against") and result.policy is not None else outcome

    def close(self) -> None:
        if not self.is_worker:
            shutil.rmtree(self.folder, ignore_errors=True)


def _temporary_folder() -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix="interp-claims-"))
    except OSError as error:
        raise pytest.UsageError(f"no temporary folder can be made ({error}); make room, or set TMPDIR") from error
