"""``interp-claims register``, ``bind``, ``resolve``, ``score`` and ``verify``."""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Optional

from interp_claims.claims import spec_of
from interp_claims.policies.cache import ActivationCache
from interp_claims.policies.manifest import Manifest, untrained_identities
from interp_claims.prereg.ledger import Entry, Ledger, LedgerError, TamperedError
from interp_claims.prereg.meant import read_meant
from interp_claims.prereg.predictions import PredictionError, prediction_of, read_out_of_reach
from interp_claims.prereg.reach import reach_of
from interp_claims.prereg.scoring import is_prospective, scores
from interp_claims.prereg.sealing import block_of, differing_fields, sha256_of
from interp_claims.prereg.standing import form_as_sealed, form_of, predictions_in
from interp_claims.report.results_json import read_results
from interp_claims.report.scores import score_text
from interp_claims.verdicts.sequential import Verdict

_LEDGER = Path("claims/ledger.jsonl")
_MEANT = Path("claims/predicted_networks.toml")
_MANIFEST = Path("fixtures/policies.toml")
_DIGITS, _FEWEST_DIGITS = 64, 12
_EXAMPLES = {
    "register": "interp-claims register claims/test_predictions.py --name E5",
    "bind": "interp-claims bind NAME my_checkpoint.pth     # a name that interp-claims score shows",
    "resolve": "pytest claims/test_predictions.py --claims-json results.json\n  interp-claims resolve results.json",
    "score": "interp-claims score",
    "verify": "interp-claims verify\n  interp-claims verify claims/test_predictions.py --head HASH",
}
_KINDS = """\
Means are taken by author and kind: prospective, retrospective, and, for predictions that were made about another
network than the one that decides them, transferred to that. What was not evaluated has no score.
"""
_EPILOG = """\
exit status: 0 done, 1 the ledger or a prediction on it was changed afterwards, 2 wrong usage or a file that cannot be
read or written"""


def add_commands(commands: Any) -> None:
    """Add the subcommands to the parser of ``interp-claims``."""

    def command(name: str, text: str, run: Any) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = commands.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            epilog=f"examples:\n  {_EXAMPLES[name]}\n\n{_EPILOG}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.add_argument("--ledger", type=Path, default=_LEDGER, help="default: %(default)s")
        added.add_argument("--manifest", type=Path, default=_MANIFEST, help="shipped policies (default: %(default)s)")
        added.set_defaults(run=run)
        return added

    register = command("register", "seal predictions and put them on the ledger", _register)
    register.add_argument(
        "file",
        type=Path,
        help="a file of claims with @preregistered(...) above some of them; or a .toml of predictions out of reach",
    )
    register.add_argument("--name", action="append", help="register these alone; repeatable")
    bind = command("bind", "tell that the policy which a prediction describes now exists", _bind)
    bind.add_argument("name", help="the prediction")
    bind.add_argument("policy", help="the policy: a name or a checkpoint file")
    resolve = command("resolve", "put the outcomes of a run on the ledger", _resolve)
    resolve.add_argument("results", type=Path, help="the file written by pytest claims/ --claims-json")
    score = command("score", "show how the predictions on the ledger came out, and score their authors", _score)
    score.description = f"{score.description}\n{_KINDS}"
    score.add_argument(
        "--meant",
        type=Path,
        help="a .toml that says which network the author of a prediction meant, where another decides it "
        f"(default: {_MEANT}, if there is one)",
    )
    verify = command("verify", "check that nobody changed the ledger, or a prediction after registering it", _verify)
    verify.add_argument(
        "files",
        nargs="*",
        type=Path,
        help="files of claims whose predictions to check (default: those that the ledger names); or the ledger, .jsonl",
    )
    verify.add_argument(
        "--head",
        type=_hash,
        metavar="HASH",
        help="hash of the last line as noted elsewhere, or how it begins: finds lines that were cut off",
    )


def _hash(text: str) -> str:
    """A hash of a line or how it begins, as long as no other line can be expected to begin so."""
    if not re.fullmatch(rf"[0-9a-f]{{{_FEWEST_DIGITS},{_DIGITS}}}", text):
        raise argparse.ArgumentTypeError(
            f"got {text!r}, wanted the {_DIGITS} hex digits of a line's hash, or at least the first {_FEWEST_DIGITS}"
        )
    return text


def _register(chosen: argparse.Namespace) -> None:
    ledger, manifest = Ledger(chosen.ledger), Manifest(chosen.manifest)
    if chosen.file.suffix == ".toml":
        _put_out_of_reach(ledger, chosen.file, chosen.name)
        return
    found = predictions_in(chosen.file, Path.cwd())
    names = {claim: _name(function) for claim, function in found.items()}
    unknown = set(chosen.name or ()) - set(names.values())
    if unknown:
        raise PredictionError(f"{chosen.file}: holds no prediction {', '.join(sorted(unknown))}")
    _check_different(chosen.file, list(names.values()))
    for claim, function in found.items():
        if chosen.name and names[claim] not in chosen.name:
            continue
        before = ledger.registered(names[claim])
        decided = ledger.resolution(names[claim]) is not None
        if before is not None and _is_as_sealed(before, function, claim, manifest, decided=decided):
            print(f"{names[claim]}: registered already, as line {before.number}")
            continue
        form, spec = form_of(function, claim, manifest), spec_of(function)
        assert spec is not None
        reach = reach_of(spec)
        if obstacle := reach.obstacle():
            raise PredictionError(f"{names[claim]}: {obstacle}")
        entry = ledger.register(form, [shipped.sha256 for shipped in manifest.entries.values()])
        print(f"{names[claim]}: registered as line {entry.number}, seal {entry.body['sha256']}")
        print(f"    decided on level seeds from {block_of(form).first:,} on")
        print(textwrap.indent(reach.text(), "    "))
    print(f"head of the ledger: {ledger.head}")


def _check_different(path: Path, names: Sequence[str]) -> None:
    """Refuse a file with two predictions of one name: of the ledger's lines about that, the last one counts."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PredictionError(
            f"{path}: holds several predictions named {', '.join(twice)}, wanted one of each name; nothing was put on "
            "the ledger; give them other names"
        )


def _is_as_sealed(entry: Entry, function: Any, claim: str, manifest: Manifest, *, decided: bool) -> bool:
    if entry.kind != "registered":
        return False
    return bool(entry.body["sha256"] == sha256_of(form_as_sealed(entry, function, claim, manifest, decided=decided)))


def _put_out_of_reach(ledger: Ledger, path: Path, names: Optional[Sequence[str]]) -> None:
    found = read_out_of_reach(path)
    _check_different(path, [told["name"] for told in found])
    for told in found:
        name = told.pop("name")
        if names and name not in names:
            continue
        before = ledger.registered(name)
        if before is not None and before.body == {"name": name, **told}:
            print(f"{name}: is on the ledger already, as line {before.number}")
            continue
        entry = ledger.put_out_of_reach(name, told)
        print(f"{name}: out of reach (line {entry.number}): {told['why']}")
    print(f"head of the ledger: {ledger.head}")


def _name(function: Any) -> str:
    prediction = prediction_of(function)
    assert prediction is not None
    return prediction.name


def _bind(chosen: argparse.Namespace) -> None:
    manifest = Manifest(chosen.manifest)
    policy = manifest.load(chosen.policy, "cpu", ActivationCache())
    ledger = Ledger(chosen.ledger)
    entry = ledger.bind(chosen.name, policy.name, policy.sha256)
    print(f"{chosen.name}: is about {policy.name}, sha256 {policy.sha256} (line {entry.number})")
    registered = ledger.registered(chosen.name)
    if registered is not None and not is_prospective(ledger, registered, *_known(ledger, manifest)):
        print(f"{chosen.name}: counts as retrospective: that policy could be known when it was registered")


def _resolve(chosen: argparse.Namespace) -> None:
    ledger = Ledger(chosen.ledger)
    for result in read_results(chosen.results):
        if not result.prediction:
            continue
        registered = ledger.registered(result.prediction)
        if registered is None or result.seal != registered.body.get("sha256"):
            print(f"{result.prediction}: not resolved: these results are of another form than the one registered last")
            continue
        if result.policy_sha256 != ledger.policy_of(result.prediction):
            print(f"{result.prediction}: {result.verdict} on {result.policy}, which it is not about: transferred")
            continue
        if ledger.resolution(result.prediction) is not None:
            print(f"{result.prediction}: resolved already")
            continue
        if result.exploratory or result.broken_off:
            why = f"broke off: {result.reason}" if result.broken_off else "exploratory"
            print(f"{result.prediction}: {result.verdict}, not resolved ({why})")
            continue
        outcome = {
            "policy": result.policy,
            "policy_sha256": result.policy_sha256,
            "verdict": result.verdict,
            "effect": result.effect,
            "interval": None if result.interval is None else list(result.interval),
            "mazes": result.mazes,
        }
        if result.verdict == Verdict.NOT_EVALUATED:
            outcome["reason"] = result.reason
        entry = ledger.resolve(result.prediction, outcome)
        told = f": {result.reason}" if result.verdict == Verdict.NOT_EVALUATED else ""
        print(f"{result.prediction}: {result.verdict}{told} (line {entry.number})")
    print(f"head of the ledger: {ledger.head}")


def _score(chosen: argparse.Namespace) -> None:
    meant = read_meant(chosen.meant or _MEANT) if chosen.meant or _MEANT.exists() else {}
    ledger = Ledger(chosen.ledger)
    shipped, untrained = _known(ledger, Manifest(chosen.manifest))
    print(score_text(scores(ledger, shipped, meant, untrained)))


def _known(ledger: Ledger, manifest: Manifest) -> tuple[set[str], set[str]]:
    """The identities of shipped policies, and of untrained ones of their widths where one may have been bound."""
    shipped = {entry.sha256 for entry in manifest.entries.values()}
    others = {e.body["policy_sha256"] for e in ledger.entries if e.kind == "bound"} - shipped
    return shipped, untrained_identities(e.scale for e in manifest.entries.values()) if others else set()


def _verify(chosen: argparse.Namespace) -> None:
    named = [file for file in chosen.files if file.suffix == ".jsonl"]
    if len(named) > 1:
        raise LedgerError(f"got the ledgers {', '.join(map(str, named))}, wanted one")
    path = named[0] if named else chosen.ledger
    if not path.exists():
        raise LedgerError(f"{path}: no such file, wanted a ledger; name one with --ledger")
    ledger = Ledger(path)  # reads and checks every line
    if chosen.head is not None and not any(entry.sha256.startswith(chosen.head) for entry in ledger.entries):
        raise TamperedError(f"{path}: has no line with the hash {chosen.head}; lines were cut off, or all written anew")
    files = [file for file in chosen.files if file not in named] or _files_of(ledger)
    checked = [name for file in files for name in _check_predictions(ledger, file, Manifest(chosen.manifest))]
    print(f"{path}: {len(ledger.entries)} lines, none changed; head {ledger.head}")
    print(f"predictions that are as they were registered: {', '.join(checked) or 'none looked at'}")
    for earlier, later in ledger.sharing_mazes():
        print(
            f"line {later.number}, {later.name}: is decided on the mazes of line {earlier.number}, {earlier.name}, "
            "which its author may have known"
        )
    told = {entry.name for entry in ledger.entries if entry.kind == "registered"} - set(checked)
    if told:
        print(f"registered, but not in the files looked at: {', '.join(sorted(told))}")


def _files_of(ledger: Ledger) -> list[Path]:
    """The files that predictions were registered from, as far as they are there."""
    names = [entry.body["sealed"]["claim"].split("::")[0] for entry in ledger.entries if entry.kind == "registered"]
    return [path for path in map(Path, dict.fromkeys(names)) if path.is_file()]


def _check_predictions(ledger: Ledger, path: Path, manifest: Manifest) -> list[str]:
    """The names of a file's registered predictions; raises :class:`TamperedError` if one was edited since."""
    checked = []
    for claim, function in predictions_in(path, Path.cwd()).items():
        entry = ledger.registered(_name(function))
        if entry is None or entry.kind != "registered":
            continue
        decided = ledger.resolution(_name(function)) is not None
        form = form_as_sealed(entry, function, claim, manifest, decided=decided)
        if entry.body["sha256"] != sha256_of(form):
            raise TamperedError(
                f"prediction {_name(function)}: was edited after it was registered as line {entry.number} "
                f"({differing_fields(form, entry.body['sealed'])})"
            )
        checked.append(_name(function))
    return checked
