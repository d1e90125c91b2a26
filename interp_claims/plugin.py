"""The pytest plugin: options, parametrisation by policy and threshold, running claims, outcomes and the closing table.

Loaded by the root conftest and by nothing else. What a claim's run does stands in ``running``, what it means in
``outcomes``; here is only what pytest needs to know.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any, Optional

import pytest
from xdist.scheduler import LoadScopeScheduling

from interp_claims.claims import THRESHOLD_NAMES, ClaimSpec, policies_named, spec_of
from interp_claims.errors import InterpClaimsError
from interp_claims.outcomes import ClaimFailed, Outcome, VerdictFlipped, account, numbers_text, outcome_of
from interp_claims.policies.manifest import Manifest
from interp_claims.records import Records
from interp_claims.replay import replay_text
from interp_claims.report.matrix import Matrix, matrix_table
from interp_claims.report.progress import ProgressFile, ProgressLine
from interp_claims.report.results_json import write_results
from interp_claims.report.terminal import closing_table
from interp_claims.results import ClaimResult
from interp_claims.running import ClaimToRun, Measurements, RunOptions, not_evaluated, run_claim
from interp_claims.running.counterexamples import save_counterexample, smallest_counterexample
from interp_claims.verdicts.estimands import Ratio
from interp_claims.verdicts.sequential import DEFAULT_ALPHA, Verdict

_PLAIN_WIDTH = 150
_SUPPLIED = ("policy", "mazes")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("interp-claims", "claims of interpretability papers")
    group.addoption(
        "--policy",
        action="append",
        default=[],
        metavar="NAME_OR_FILE",
        help="a shipped policy, a checkpoint (.pth, .safetensors), untrained-scale4-seed0, or all; repeatable",
    )
    group.addoption("--device", default="cpu", help="where policies run: cpu (default), cuda or cuda:N")
    group.addoption(
        "--roles",
        choices=("discovered", "published"),
        default="discovered",
        help="the cheese channels: those found for each policy (default), or those of the papers' one network",
    )
    group.addoption("--max-mazes", type=int, metavar="N", help="another maze budget; makes results exploratory")
    group.addoption("--alpha", type=float, default=DEFAULT_ALPHA, help="another error rate; makes results exploratory")
    group.addoption(
        "--undecided",
        choices=("report", "fail"),
        default="report",
        help="whether a claim that the budget leaves undecided, and that has no record, fails",
    )
    group.addoption("--claims-json", metavar="PATH", help="write all results to this file")
    group.addoption("--replay", metavar="SEED_OR_FILE", help="measure the chosen claims on this one maze and show it")
    group.addoption(
        "--counterexamples",
        metavar="FOLDER",
        help="for claims that are not supported, search the smallest maze that contradicts them and keep it there",
    )


def pytest_configure(config: pytest.Config) -> None:
    budget, alpha = config.getoption("max_mazes"), config.getoption("alpha")
    if budget is not None and budget < 1:
        raise pytest.UsageError(f"--max-mazes: got {budget}, wanted at least 1")
    if not 0 < alpha < 1:
        raise pytest.UsageError(f"--alpha: got {alpha}, wanted a number between 0 and 1")
    config.addinivalue_line("filterwarnings", "default:.*finding the roles anew")  # mended, so worth a line, no failure
    config.stash[_RUN] = run = _Run(config)
    if not run.is_worker:
        run.check_options()
        config.pluginmanager.register(_Reporter(config, run), "interp-claims-reporter")


def pytest_unconfigure(config: pytest.Config) -> None:
    if (run := config.stash.get(_RUN, None)) is not None:
        run.close()


class _Run:
    """What one process keeps during a run."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.options = RunOptions(config.getoption("alpha"), config.getoption("max_mazes"))
        self.measurements = Measurements()
        self.refusal = ""
        self.fixtures = config.rootpath / "fixtures"
        self._manifest: Optional[Manifest] = None
        self._records: Optional[Records] = None
        worker = getattr(config, "workerinput", None)
        self.is_worker = worker is not None
        folder = worker["interp_claims_progress"] if worker else tempfile.mkdtemp(prefix="interp-claims-")
        self.progress_folder = Path(folder)
        self.progress = ProgressFile(self.progress_folder, os.environ.get("PYTEST_XDIST_WORKER", "main"))

    @property
    def manifest(self) -> Manifest:
        self._manifest = self._manifest or Manifest(self.fixtures / "policies.toml")
        return self._manifest

    @property
    def records(self) -> Records:
        self._records = self._records or Records(self.fixtures / "verdicts")
        return self._records

    def check_options(self) -> None:
        """Find wrong policies, damaged records and unusable paths before anything runs."""
        try:
            _ = self.records
        except InterpClaimsError as error:
            raise pytest.UsageError(str(error)) from error
        if asked := self.config.getoption("policy"):
            try:
                self.manifest.check(asked)
            except InterpClaimsError as error:
                raise pytest.UsageError(f"--policy: {error}") from error
        if path := self.config.getoption("claims_json"):
            folder = Path(path).resolve().parent
            existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
            if Path(path).is_dir() or not existing.is_dir() or not os.access(existing, os.W_OK):
                raise pytest.UsageError(f"--claims-json: cannot write a file {path}; choose another path")

    def seeds_of(self) -> dict[str, str]:
        """What each shipped policy is one seed of."""
        return {name: entry.seeds_of for name, entry in self.manifest.entries.items()}

    def outcome(self, result: ClaimResult) -> Outcome:
        recorded = self.records.verdict(result.policy_sha256, result.claim)
        outcome = outcome_of(result, recorded, self.config.getoption("undecided") == "fail")
        if recorded is not None and not result.exploratory and (other := self.records.difference(result)):
            return Outcome(VerdictFlipped, "failed", f"{result.verdict}, recorded was {recorded} for {other}")
        return outcome

    def close(self) -> None:
        if not self.is_worker:
            shutil.rmtree(self.progress_folder, ignore_errors=True)


_RUN = pytest.StashKey[_Run]()


# -- collection ----------------------------------------------------------------------------------------------------


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    spec = spec_of(metafunc.function)
    if spec is None:
        return
    if "policy" in metafunc.fixturenames:
        names = metafunc.config.stash[_RUN].manifest.names(metafunc.config.getoption("policy"))
        ids = [Path(name).stem if Path(name).suffix else name for name in names]
        metafunc.parametrize("policy", names, ids=ids, indirect=True, scope="session")
    named = [name for name in spec.hypotheses if name]
    if named:
        metafunc.fixturenames.append("claim_threshold")
        metafunc.parametrize("claim_threshold", named)


@pytest.fixture
def claim_threshold() -> None:
    """Overridden by parametrisation; which of a claim's thresholds an item decides."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    claims = [item for item in items if isinstance(item, pytest.Function) and spec_of(item.obj)]
    if not claims:
        return
    run = config.stash[_RUN]
    try:
        run.manifest.check([name for item in claims for name in policies_named(item.obj)])
    except InterpClaimsError as error:
        run.refusal = f"a control names a policy that there is not: {error}"
    if getattr(config.option, "reruns", None) or any(item.get_closest_marker("flaky") for item in claims):
        run.refusal = "claims are never rerun until they pass: that raises the rate of false verdicts"
    if config.getoption("runxfail"):
        run.refusal = "--runxfail would report awaited predictions as failures; run claims without it"
    if run.is_worker:
        items.sort(key=_longest_first)
    elif run.refusal:  # an error of usage ends the run; a worker, which cannot, fails its claims
        raise pytest.UsageError(run.refusal)


def _longest_first(item: pytest.Item) -> tuple[bool, int, bool]:
    """Claims with large budgets first, and of these the ones about ratios, whose differences are small."""
    spec = spec_of(item.obj) if isinstance(item, pytest.Function) else None
    if spec is None or spec.kind == "universal":
        return True, 0, True
    return False, -spec.budget, not any(isinstance(h.estimand, Ratio) for h in spec.hypotheses.values())


class _ByClaim(LoadScopeScheduling):  # type: ignore[misc]
    """Sends the thresholds of one claim on one policy to one worker, which shares their measurements."""

    def _split_scope(self, nodeid: str) -> str:
        for name in THRESHOLD_NAMES:
            nodeid = nodeid.removesuffix(f"-{name}]")
        return nodeid

    def remove_node(self, node: Any) -> Optional[str]:
        """Give a crashed worker's claims to others, but not the one that it crashed in: that would crash them all."""
        workload = self.assigned_work.pop(node)
        crashed: Optional[str] = None
        for unit in workload.values():
            for nodeid, completed in unit.items():
                if not completed and crashed is None:
                    crashed = nodeid
                    unit[nodeid] = True
        self.workqueue.update({scope: unit for scope, unit in workload.items() if not all(unit.values())})
        for other in self.assigned_work:
            self._reschedule(other)
        return crashed


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Optional[_ByClaim]:
    if config.getoption("dist") != "load":
        return None
    config.option.loadscopereorder = False  # the order of the items is the order of the work
    return _ByClaim(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["interp_claims_progress"] = str(node.config.stash[_RUN].progress_folder)


# -- running -------------------------------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Optional[bool]:
    spec = spec_of(pyfuncitem.obj)
    if spec is None:
        return None
    run = pyfuncitem.config.stash[_RUN]
    if run.refusal:
        pytest.fail(run.refusal, pytrace=False)
    claim = _claim_to_run(pyfuncitem, spec)
    seed = pyfuncitem.config.getoption("replay")
    if seed is not None:
        try:
            pyfuncitem.stash[_REPLAY] = replay_text(claim, seed)
        except InterpClaimsError as error:
            pytest.fail(str(error), pytrace=False)
        return True
    try:
        result = run_claim(claim, run.options, run.measurements, run.progress.write)
    except InterpClaimsError as error:
        result = not_evaluated(claim, run.options, error)
    finally:
        run.progress.clear()
    pyfuncitem.stash[_RESULT] = result
    if (folder := pyfuncitem.config.getoption("counterexamples")) and result.verdict != Verdict.SUPPORTED:
        pyfuncitem.stash[_COUNTEREXAMPLE] = _search(claim, Path(folder), _command(pyfuncitem))
    outcome = run.outcome(result)
    if outcome.error is not None:
        raise outcome.error(account(result, outcome, _command(pyfuncitem)))
    return True


def _search(claim: ClaimToRun, folder: Path, command: str) -> str:
    """Look for the smallest maze that contradicts a claim, and say what came of it."""
    try:
        maze = smallest_counterexample(claim)
    except InterpClaimsError as error:
        return f"no counterexample: {error}"
    if maze is None:
        return "no counterexample: every maze tried agrees with the statement"
    path = save_counterexample(claim, maze, folder)
    return f"smallest counterexample: {maze!r}\n{maze.to_text()}\n    {command} --replay {shlex.quote(str(path))}"


def _command(item: pytest.Function) -> str:
    """The command that runs one item again."""
    words = ["pytest", item.nodeid]
    if item.config.getoption("policy") and hasattr(item, "callspec") and "policy" in item.callspec.params:
        words += ["--policy", str(item.callspec.params["policy"])]
    if (roles := item.config.getoption("roles")) != "discovered":
        words += ["--roles", roles]
    if (device := item.config.getoption("device")) != "cpu":
        words += ["--device", device]
    return shlex.join(words)


_RESULT = pytest.StashKey[ClaimResult]()
_REPLAY = pytest.StashKey[str]()
_COUNTEREXAMPLE = pytest.StashKey[str]()


def _claim_to_run(item: pytest.Function, spec: ClaimSpec) -> ClaimToRun:
    parameters: dict[str, Any] = item.callspec.params if hasattr(item, "callspec") else {}
    threshold = str(parameters.get("claim_threshold", ""))
    wanted = item._fixtureinfo.argnames
    arguments = {name: item.funcargs[name] for name in wanted if name not in _SUPPLIED}
    policy: Any = item.funcargs.get("policy")
    variant = "-".join(str(value) for key, value in parameters.items() if key not in ("policy", "claim_threshold"))
    roles = "published roles" if item.config.getoption("roles") == "published" else ""
    chosen = "-".join(part for part in (variant, roles, threshold) if part)
    name = item.nodeid.split("[")[0] + (f"[{chosen}]" if chosen else "")
    return ClaimToRun(name, spec, threshold, item.obj, policy, arguments, variant)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "call":
        if (result := item.stash.get(_RESULT, None)) is not None:
            report.interp_claims_result = result.to_dict()  # type: ignore[attr-defined]
        report.interp_claims_counterexample = item.stash.get(_COUNTEREXAMPLE, None)  # type: ignore[attr-defined]
        report.interp_claims_replay = item.stash.get(_REPLAY, None)  # type: ignore[attr-defined]
        if call.excinfo is not None and isinstance(call.excinfo.value, ClaimFailed):
            report.longrepr = str(call.excinfo.value)
    return report


# -- reporting, in the one process that has the terminal -----------------------------------------------------------


class _Reporter:
    """Collects the results of all workers, shows them and writes them."""

    def __init__(self, config: pytest.Config, run: _Run) -> None:
        self.config, self.run = config, run
        self.rows: list[tuple[ClaimResult, Outcome]] = []
        self.line: Optional[ProgressLine] = None

    @property
    def terminal(self) -> Any:
        return self.config.pluginmanager.getplugin("terminalreporter")

    def pytest_sessionstart(self) -> None:
        if self.terminal is not None and sys.stdout.isatty() and self.terminal.verbosity >= 0:
            writer = self.terminal._tw
            self.line = ProgressLine(self.run.progress_folder, writer._file, writer.fullwidth)

    def pytest_report_teststatus(self, report: Any) -> Optional[tuple[str, str, str]]:
        if report.when == "call" and getattr(report, "interp_claims_replay", None) is not None:
            return "replayed", "", "REPLAYED"
        result = _result_of(report)
        if result is None:
            return None
        outcome = self.run.outcome(result)
        if report.failed and outcome.error is None:
            return None
        letter = {"passed": ".", "failed": "F"}.get(outcome.category, outcome.category[0])
        return outcome.category, letter if self.terminal.verbosity < 0 else "", outcome.word.upper()

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        replayed = getattr(report, "interp_claims_replay", None) if report.when == "call" else None
        result = _result_of(report)
        if self.line is not None:
            self.line.erase()
        if replayed is not None:
            self._say(replayed)
        if result is None:
            return
        outcome = self.run.outcome(result)
        self.rows.append((result, outcome))
        if self.terminal is not None and self.terminal.verbosity >= 0:
            threshold = result.claim.rpartition("[")[2].rstrip("]") if result.claim.endswith("]") else ""
            where = ", ".join(part for part in (threshold, result.policy) if part)
            self._say(f"{outcome.word.upper()}: {result.sentence}")
            if (found := getattr(report, "interp_claims_counterexample", None)) is not None:
                self._say(found)
            self._say(f"    {numbers_text(result)}{f' ({where})' if where else ''}, {result.seconds:.0f} s")

    def _say(self, text: str) -> None:
        self.terminal.ensure_newline()
        self.terminal.write_line(text)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self.rows or terminalreporter.verbosity < 0:
            return
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
        if self.run.options.exploratory:
            terminalreporter.write_line("exploratory: budget or error rate were changed; never recorded, never scored")

    def pytest_sessionfinish(self) -> None:
        if self.line is not None:
            self.line.stop()
            self.line = None
        path = self.config.getoption("claims_json")
        if path and self.rows:  # a run without claims must not replace the results of one with claims
            order = self.run.manifest.names(self.config.getoption("policy"))
            write_results(Path(path), [result for result, _ in self.rows], self.run.seeds_of(), order)


def _result_of(report: Any) -> Optional[ClaimResult]:
    data = getattr(report, "interp_claims_result", None)
    return ClaimResult.from_dict(data) if data is not None else None
