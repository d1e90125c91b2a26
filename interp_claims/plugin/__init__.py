"""The pytest plugin: options, parametrisation by policy and threshold, running claims, outcomes and the closing table.

Loaded by the root conftest and by nothing else. What a claim's run does stands in ``running``, what it means in
``outcomes``; here is only what pytest needs to know.
"""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
import unittest
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, Optional

import pytest

from interp_claims.claims import spec_of
from interp_claims.errors import InterpClaimsError
from interp_claims.outcomes import ClaimFailed, account
from interp_claims.plugin.items import claim_name, claim_to_run, command_of, longest_first, parameters_of
from interp_claims.plugin.options import pytest_addoption as pytest_addoption
from interp_claims.plugin.refusals import marked_to_pass, refusal_of
from interp_claims.plugin.reporter import Reporter
from interp_claims.plugin.run import Run
from interp_claims.plugin.scheduling import ByClaim
from interp_claims.policies.manifest import Manifest
from interp_claims.prereg import prediction_of
from interp_claims.prereg.standing import standing_of
from interp_claims.proof.mutants import mutated
from interp_claims.replay import replay_text
from interp_claims.report.results_json import read_results
from interp_claims.results import ClaimResult
from interp_claims.running import ClaimToRun, RunOptions, not_evaluated, run_claim
from interp_claims.running.counterexamples import save_counterexample, smallest_counterexample
from interp_claims.running.evidence import Definition, Evidence, evidence_of
from interp_claims.running.older import Older
from interp_claims.verdicts.sequential import Verdict


def pytest_configure(config: pytest.Config) -> None:
    budget, alpha = config.getoption("max_mazes"), config.getoption("alpha")
    if budget is not None and budget < 1:
        raise pytest.UsageError(f"--max-mazes: got {budget}, wanted at least 1")
    if config.getoption("at_least") < 0:
        raise pytest.UsageError(f"--at-least: got {config.getoption('at_least')}, wanted a number of mazes")
    if not 0 < alpha < 1:
        raise pytest.UsageError(f"--alpha: got {alpha}, wanted a number between 0 and 1")
    config.addinivalue_line("filterwarnings", "default::interp_claims.files.CacheWarning")  # worth a line, no failure
    config.stash[_RUN] = run = Run(config)
    if not run.is_worker:
        run.check_options()
        config.pluginmanager.register(Reporter(config, run), "interp-claims-reporter")


def pytest_unconfigure(config: pytest.Config) -> None:
    if (run := config.stash.get(_RUN, None)) is not None:
        run.close()


_RUN = pytest.StashKey[Run]()


@pytest.fixture(scope="session")
def manifest(pytestconfig: pytest.Config) -> Manifest:
    """The shipped policies; whatever is loaded through it is the same in all processes of the run."""
    return pytestconfig.stash[_RUN].manifest


# -- collection ----------------------------------------------------------------------------------------------------


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    spec = spec_of(metafunc.function)
    if spec is None:
        return
    if "policy" in metafunc.fixturenames:
        run, prediction = metafunc.config.stash[_RUN], prediction_of(metafunc.function)
        asked = metafunc.config.getoption("policy")
        if prediction is not None and not asked:
            asked = run.policies_of(prediction)
        names = run.manifest.names(asked)
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
    for item in claims:
        run.journal.code.of([item.path])
    run.refusal = refusal_of(config, claims, run)
    if path := config.getoption("supported_in"):
        _keep_supported(config, items, Path(path))
    if run.is_worker:
        items.sort(key=longest_first)
    elif run.refusal:  # an error of usage ends the run; a worker, which cannot, fails its claims
        raise pytest.UsageError(run.refusal)


def pytest_collection_finish(session: pytest.Session) -> None:
    run = session.config.stash[_RUN]
    if run.is_worker:
        run.broken_off.tell({item.nodeid: row for item in session.items if (row := _without_verdict(item, run))})


def _keep_supported(config: pytest.Config, items: list[pytest.Item], path: Path) -> None:
    """Deselect what is no claim that some results support."""
    try:
        supported = {result.claim for result in read_results(path) if result.verdict == Verdict.SUPPORTED}
    except InterpClaimsError as error:
        raise pytest.UsageError(f"--supported-in: {error}") from error
    kept = [item for item in items if isinstance(item, pytest.Function) and claim_name(item) in supported]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Optional[ByClaim]:
    if config.getoption("dist") != "load":
        return None
    config.option.loadscopereorder = False  # the order of the items is the order of the work
    return ByClaim(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["interp_claims_folder"] = str(node.config.stash[_RUN].folder)


# -- running -------------------------------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail what is marked to pass whatever it comes to, before pytest acts on the mark: workers run on."""
    refusal = item.config.stash[_RUN].refusal
    if refusal and isinstance(item, pytest.Function) and spec_of(item.obj) and marked_to_pass([item]):
        pytest.fail(refusal, pytrace=False)


@contextlib.contextmanager
def _deciding() -> Iterator[None]:
    """Turn what would pass without a verdict into a failure, where a claim's own function asks for it."""
    try:
        yield
    except (pytest.skip.Exception, pytest.xfail.Exception, unittest.SkipTest) as error:
        asked = "xfail" if isinstance(error, pytest.xfail.Exception) else "skip"
        first = next(iter(str(error).splitlines()), "")
        pytest.fail(
            f"claims decide: got pytest.{asked}{f' ({first})' if first else ''} from the claim's function, which would "
            "pass without a verdict; raise an InterpClaimsError, and it is not evaluated and says why",
            pytrace=False,
        )


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Optional[bool]:
    spec = spec_of(pyfuncitem.obj)
    if spec is None:
        return None
    run = pyfuncitem.config.stash[_RUN]
    if run.refusal:
        pytest.fail(run.refusal, pytrace=False)
    claim = claim_to_run(pyfuncitem, spec)
    if run.options.mutant:
        claim = mutated(claim, run.options.mutant)
    seed = pyfuncitem.config.getoption("replay")
    if seed is not None:
        try:
            with _deciding():
                pyfuncitem.stash[_REPLAY] = replay_text(claim, seed)
        except InterpClaimsError as error:
            pytest.fail(str(error), pytrace=False)
        return True
    options = run.options
    if prediction_of(pyfuncitem.obj) is not None and not options.mutant:
        options = _sealed_options(pyfuncitem, claim, run)
    try:
        with _deciding():
            result = _finished(pyfuncitem, claim, options, run)
    except InterpClaimsError as error:
        result = not_evaluated(claim, options, error)
    finally:
        run.progress.clear()
    pyfuncitem.stash[_RESULT] = result
    if pyfuncitem.config.getoption("report"):
        pictures = not pyfuncitem.config.getoption("no_pictures")
        pyfuncitem.stash[_EVIDENCE] = evidence_of(claim, result, pictures=pictures, options=options)
    if (folder := pyfuncitem.config.getoption("counterexamples")) and result.verdict != Verdict.SUPPORTED:
        pyfuncitem.stash[_COUNTEREXAMPLE] = _search(claim, Path(folder), command_of(pyfuncitem))
    outcome = run.outcome(result)
    if outcome.error is not None:
        raise outcome.error(account(result, outcome, command_of(pyfuncitem)))
    return True


def _finished(item: pytest.Function, claim: ClaimToRun, options: RunOptions, run: Run) -> ClaimResult:
    """The result of a claim, from the journal where a run is resumed and it is there."""
    old = _older(item, run) if not options.prediction else None
    key = run.key(claim, options, old, item.path)
    if item.config.getoption("resume") and (kept := run.journal.get(key)) is not None:
        policy, kept = claim.policy, dataclasses.replace(kept, command=claim.command)
        # The weights are the same, but they may be called otherwise now.
        return dataclasses.replace(kept, policy=policy.name, loaded_as=policy.loaded_as) if policy else kept
    result = run_claim(claim, options, run.measurements, run.progress.write)
    item.stash[_RESULT] = result  # whatever becomes of comparing and keeping it
    if old is not None:
        result = _compared(item, result, claim, old, options, run)
    if not result.not_compared:
        run.journal.put(key, result)
    return result


def _older(item: pytest.Function, run: Run) -> Optional[Older]:
    """What a claim is compared with. Ends the item if that cannot be loaded."""
    try:
        return run.older(item._request.getfixturevalue("load_policy"))
    except InterpClaimsError as error:
        pytest.fail(f"--against: {error}", pytrace=False)


def _compared(
    item: pytest.Function, result: ClaimResult, claim: ClaimToRun, old: Older, options: RunOptions, run: Run
) -> ClaimResult:
    """A result with its comparison; where that fails, its verdict stands, and it says why it was not compared."""
    try:
        result = run.compared(result, claim, old, options)
    except Exception as error:
        first = next(iter(str(error).splitlines()), "")
        result = dataclasses.replace(result, not_compared=f"{type(error).__name__}: {first}")
        if not isinstance(error, InterpClaimsError):  # a fault of the claim's function: its traceback tells more
            raise
    finally:
        item.stash[_RESULT] = result
    return result


def _sealed_options(item: pytest.Function, claim: ClaimToRun, run: Run) -> RunOptions:
    """The options to run a prediction with: on its own mazes. Ends the item if it cannot be run as it stands."""
    assert claim.policy is not None
    try:
        standing = standing_of(item.obj, item.nodeid.split("[")[0], run.ledger, run.manifest)
    except InterpClaimsError as error:
        pytest.fail(str(error), pytrace=False)
    name, asked = standing.prediction.name, item.config.getoption("policy")
    if standing.policy_sha256 is None:
        pytest.xfail(f"awaiting: {standing.prediction.description}")
    if not asked and claim.policy.sha256 != standing.policy_sha256:
        pytest.xfail(f"is about a policy that does not ship, {standing.policy_sha256}: give its checkpoint, --policy")
    if item.config.getoption("roles") != "discovered":
        pytest.fail(f"prediction {name}: is about the channels found for a policy; leave out --roles", pytrace=False)
    return dataclasses.replace(run.options, block=standing.block, prediction=name, seal=standing.seal)


def _search(claim: ClaimToRun, folder: Path, command: str) -> str:
    """Look for the smallest maze that contradicts a claim, and say what came of it."""
    try:
        maze = smallest_counterexample(claim)
        if maze is None:
            return "no counterexample: every maze tried agrees with the statement"
        path = save_counterexample(claim, maze, folder)
    except InterpClaimsError as error:
        return f"no counterexample: {error}"
    except Exception as error:  # whatever the claim's own code raises: its verdict is to be told
        return f"no counterexample: {type(error).__name__}: {error}"
    return f"smallest counterexample: {maze!r}\n{maze.to_text()}\n    {command} --replay {shlex.quote(str(path))}"


_RESULT = pytest.StashKey[ClaimResult]()
_EVIDENCE = pytest.StashKey[Evidence]()
_REPLAY = pytest.StashKey[str]()
_COUNTEREXAMPLE = pytest.StashKey[str]()


def _without_verdict(item: pytest.Item, run: Run) -> Optional[ClaimResult]:
    """The row of a claim that broke off, its policy as it was asked for; None for an item that is no claim."""
    if not isinstance(item, pytest.Function) or (spec := spec_of(item.obj)) is None:
        return None
    prediction = prediction_of(item.obj)
    options = run.options if prediction is None else dataclasses.replace(run.options, prediction=prediction.name)
    claim = dataclasses.replace(claim_to_run(item, spec), policy=None)
    row = claim.result(Verdict.NOT_EVALUATED, options, broken_off=True)
    asked: Any = parameters_of(item).get("policy")
    return dataclasses.replace(row, policy=asked, loaded_as=asked)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "call":
        report.interp_claims_counterexample = item.stash.get(_COUNTEREXAMPLE, None)  # type: ignore[attr-defined]
        report.interp_claims_replay = item.stash.get(_REPLAY, None)  # type: ignore[attr-defined]
        if call.excinfo is not None and isinstance(call.excinfo.value, ClaimFailed):
            report.longrepr = str(call.excinfo.value)
    if (result := item.stash.get(_RESULT, None)) is None and call.excinfo is not None and report.failed:
        result = _broken_off(item, call.excinfo)
    if result is not None and call.when != "teardown":
        report.interp_claims_result = result.to_dict()  # type: ignore[attr-defined]
        if item.config.getoption("report") and isinstance(item, pytest.Function) and (spec := spec_of(item.obj)):
            evidence = item.stash.get(_EVIDENCE, None) or Evidence(Definition.of(claim_to_run(item, spec)))
            report.interp_claims_evidence = evidence.to_dict()  # type: ignore[attr-defined]
    return report


def _broken_off(item: pytest.Item, error: pytest.ExceptionInfo[BaseException]) -> Optional[ClaimResult]:
    """The row of a claim that raised an error; None where no verdict was asked for."""
    run = item.config.stash[_RUN]
    if run.refusal or item.config.getoption("replay") is not None or (row := _without_verdict(item, run)) is None:
        return None
    return run.broken_off.by_raising(row, error)
