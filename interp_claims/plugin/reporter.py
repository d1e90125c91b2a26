"""What the process with the terminal does: collect the results of all workers, show them and write them."""

from __future__ import annotations

import contextlib
import datetime
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional, Protocol

import pytest

from interp_claims.errors import InterpClaimsError
from interp_claims.files import FileError, write_atomically
from interp_claims.outcomes import Outcome, numbers_text
from interp_claims.plugin.faults import BrokenOff
from interp_claims.plugin.options import is_results
from interp_claims.policies.manifest import Manifest
from interp_claims.records import Records
from interp_claims.report.bar import NO_PICTURES, drawing_bar
from interp_claims.report.comparison import comparison_markdown
from interp_claims.report.folder import RESULTS
from interp_claims.report.matrix import Matrix, matrix_table
from interp_claims.report.progress import ProgressLines
from interp_claims.report.results_json import write_results
from interp_claims.report.roles import roles_beside
from interp_claims.report.terminal import closing_table
from interp_claims.results import ClaimResult
from interp_claims.running import RunOptions
from interp_claims.running.evidence import Evidence

_PLAIN_WIDTH = 150


class RunState(Protocol):
    """What the reporter needs to know of a run."""

    options: RunOptions
    progress_folder: Path
    broken_off: BrokenOff

    @property
    def manifest(self) -> Manifest:
        """The shipped policies."""

    @property
    def records(self) -> Records:
        """The verdicts on record."""

    def seeds_of(self) -> dict[str, str]:
        """What each shipped policy is one seed of."""

    def outcome(self, result: ClaimResult) -> Outcome:
        """How a result is reported."""


class Reporter:
    """Collects the results of all workers, shows them and writes them."""

    def __init__(self, config: pytest.Config, run: RunState) -> None:
        self.config, self.run = config, run
        self.rows: list[tuple[ClaimResult, Outcome]] = []
        self.lines: Optional[ProgressLines] = None
        self.not_written: list[str] = []
        self.evidence: dict[tuple[str, Optional[str]], Evidence] = {}

    @property
    def terminal(self) -> Any:
        return self.config.pluginmanager.getplugin("terminalreporter")

    def pytest_sessionstart(self) -> None:
        if self.terminal is not None and sys.stdout.isatty() and self.terminal.verbosity >= 0:
            writer = self.terminal._tw
            self.lines = ProgressLines(self.run.progress_folder, writer._file, writer.fullwidth)

    def pytest_report_teststatus(self, report: Any) -> Optional[tuple[str, str, str]]:
        if report.when == "call" and getattr(report, "interp_claims_replay", None) is not None:
            return "replayed", "", "REPLAYED"
        result = _result_of(report)
        if result is None or report.when == "setup":
            return None
        outcome = self.run.outcome(result)
        if report.failed and outcome.error is None:
            return None
        letter = {"passed": ".", "failed": "F"}.get(outcome.category, outcome.category[0])
        return outcome.category, letter if self.terminal.verbosity < 0 else "", outcome.word.upper()

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str, report: Any) -> None:
        if (result := self.run.broken_off.by_dying(crashitem, report.node.gateway.id)) is not None:
            report.interp_claims_result = result.to_dict()

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        with contextlib.nullcontext() if self.lines is None else self.lines.quiet():
            self._tell(report)

    def _tell(self, report: pytest.TestReport) -> None:
        replayed = getattr(report, "interp_claims_replay", None) if report.when == "call" else None
        result = _result_of(report)
        if replayed is not None:
            self._say(replayed)
        if result is None:
            return
        outcome = self.run.outcome(result)
        self.rows.append((result, outcome))
        if (shown := getattr(report, "interp_claims_evidence", None)) is not None:
            self.evidence[result.claim, result.policy] = Evidence.from_dict(shown)
        if self.terminal is not None and self.terminal.verbosity >= 0:
            threshold = result.claim.rpartition("[")[2].rstrip("]") if result.claim.endswith("]") else ""
            where = ", ".join(part for part in (threshold, result.policy) if part)
            self._say(f"{outcome.word.upper()}: {result.sentence}")
            if (found := getattr(report, "interp_claims_counterexample", None)) is not None:
                self._say(found)
            self._say(f"    {numbers_text(result)}{f' ({where})' if where else ''}, {result.seconds:.0f} s")
            known = self.run.records.known_failure(result.policy_sha256, result.claim)
            if known is not None and known.because:
                self._say(f"    known: {known.because}")

    def _say(self, text: str) -> None:
        self.terminal.ensure_newline()
        self.terminal.write_line(text)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.rows and terminalreporter.verbosity >= 0:
            self._show_tables(terminalreporter)
        for what in self.not_written:
            terminalreporter.write_line(f"{what}; what was decided is kept: add --resume to write it", red=True)

    def _show_tables(self, terminalreporter: Any) -> None:
        writer = terminalreporter._tw
        width = writer.fullwidth if writer.hasmarkup else _PLAIN_WIDTH
        order = self.run.manifest.names(self.config.getoption("policy"))
        matrix = Matrix.of([result for result, _ in self.rows], self.run.seeds_of(), order)
        if len(matrix.policies) > 1:
            terminalreporter.section("claims x policies")
            terminalreporter.write_line(matrix_table(matrix, width=width, colour=writer.hasmarkup))
        if len(matrix.policies) <= 1 or terminalreporter.verbosity > 0:
            terminalreporter.section("claims")
            terminalreporter.write_line(closing_table(self.rows, width=width, colour=writer.hasmarkup))
        if overdue := self._overdue():
            terminalreporter.write_line("on record as not supported, and due for review:")
            for date, claim in overdue:
                terminalreporter.write_line(f"    {date.isoformat()}  {claim}")
        if self.run.options.mutant:
            terminalreporter.write_line(f"mutant {self.run.options.mutant}: never recorded, never scored")
        elif self.run.options.exploratory:
            what = "budget, error rate or precision were changed"
            terminalreporter.write_line(f"exploratory: {what}; never recorded, never scored")

    def _overdue(self) -> list[tuple[datetime.date, str]]:
        """Claims whose verdict on record should have been looked at again by now, with the date."""
        known = [(self.run.records.known_failure(r.policy_sha256, r.claim), r) for r, _ in self.rows]
        dated = [(k.review_by, f"{r.claim} on {r.policy}") for k, r in known if k is not None and k.review_by]
        return sorted((date, claim) for date, claim in dated if date <= datetime.date.today())

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.lines is not None:
            self.lines.stop()
            self.lines = None
        if not self.rows:  # a run without claims must not replace the results of one with claims
            return
        if summary := self.config.getoption("summary"):
            text = comparison_markdown(self.rows, self._roles_beside())
            self._write(session, lambda: write_atomically(Path(summary), text))
        if path := self.config.getoption("claims_json"):
            results = [result for result, _ in self.rows]
            order = self.run.manifest.names(self.config.getoption("policy"))
            self._write(session, lambda: write_results(Path(path), results, self.run.seeds_of(), order))
        if folder := self.config.getoption("report"):
            self._write(session, lambda: self._write_report(Path(folder)))

    def _roles_beside(self) -> str:
        """The cheese channels of the policy that was compared and of the older one, where both are at hand."""
        policies, against = self.config.getoption("policy"), self.config.getoption("against")
        names = self.run.manifest.names(policies)
        if is_results(against) or len(names) != 1:
            return ""
        try:
            device = self.config.getoption("device")
            return roles_beside(*(self.run.manifest.load(which, device) for which in (names[0], against)))
        except InterpClaimsError as error:
            return f"Cheese channels: not found ({error})."

    def _write_report(self, folder: Path) -> None:
        from interp_claims.report.written import write_report  # draws with matplotlib, which takes long to load

        order = self.run.manifest.names(self.config.getoption("policy"))
        write_results(folder / RESULTS, [result for result, _ in self.rows], self.run.seeds_of(), order)
        remark = NO_PICTURES if self.config.getoption("no_pictures") else ""
        with drawing_bar() as progress:
            write_report(folder / RESULTS, folder, self.evidence, notes={}, remark=remark, progress=progress)

    def _write(self, session: pytest.Session, write: Callable[[], None]) -> None:
        """Write a file; where that is not possible, the verdicts are shown all the same and the run fails."""
        try:
            write()
        except FileError as error:
            self.not_written.append(str(error))
            if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
                session.exitstatus = pytest.ExitCode.INTERNAL_ERROR


def _result_of(report: Any) -> Optional[ClaimResult]:
    data = getattr(report, "interp_claims_result", None)
    return ClaimResult.from_dict(data) if data is not None else None
