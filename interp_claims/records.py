"""Records: the verdicts a policy had before, kept as files that are reviewed like code."""

from __future__ import annotations

import dataclasses
import datetime
import fnmatch
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Optional

from interp_claims.errors import InterpClaimsError
from interp_claims.files import locked, write_atomically
from interp_claims.results import ENGINE_VERSION, ClaimResult
from interp_claims.verdicts.sequential import Verdict

_FORMAT = 1
_KEPT = (
    *("number", "kind", "sentence", "source", "reported"),
    *("verdict", "reason", "statement", "effect", "interval", "mazes", "alpha"),
)


class RecordError(InterpClaimsError):
    """A record that cannot be read or must not be written."""


@dataclasses.dataclass(frozen=True)
class KnownFailure:
    """A verdict on record other than supported, with what its reviewer wrote down.

    Attributes:
        because: why it is accepted; empty where nobody said.
        review_by: when to look at it again, or None.
    """

    because: str = ""
    review_by: Optional[datetime.date] = None


class Records:
    """The records of all policies, one JSON file each.

    Args:
        folder: where the files are; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._loaded = self._load()

    def _load(self) -> dict[str, dict[str, Any]]:
        """What the files hold now, by the policies' identities."""
        loaded: dict[str, dict[str, Any]] = {}
        for path in sorted(path for path in self.folder.glob("*.json") if path.is_file()):
            data = self._read(path)
            if data["sha256"] in loaded:
                raise RecordError(f"{path}: records the same policy as {loaded[data['sha256']]['path']}; merge them")
            loaded[data["sha256"]] = {**data, "path": path}
        return loaded

    @staticmethod
    def _read(path: Path) -> dict[str, Any]:
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            if data["format"] != _FORMAT:
                raise RecordError(f"{path}: has format {data['format']}, wanted {_FORMAT}; record it anew")
            for entry in data["claims"].values():
                entry["verdict"]
                _known_failure(entry)
            data["sha256"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RecordError(f"{path}: no readable record ({error!r}); restore it or record it anew") from error
        return dict(data)

    @property
    def by_policy(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Everything on record: for each policy by name, for each claim by identity, its entry."""
        named: dict[str, dict[str, dict[str, Any]]] = {}
        for sha256, record in self._loaded.items():
            name = str(record["policy"])
            named[f"{name} ({sha256[:8]})" if name in named else name] = record["claims"]
        return named

    def verdict(self, policy_sha256: Optional[str], claim: str) -> Optional[str]:
        """The recorded verdict of a claim on a policy, or None."""
        entry = self._entry(policy_sha256, claim)
        return entry["verdict"] if entry else None

    def verdict_of(self, policy_sha256: Optional[str], claim: str, statement: str) -> Optional[str]:
        """The recorded verdict of a claim on a policy; None where there is none, or one of another statement."""
        entry = self._entry(policy_sha256, claim)
        return entry["verdict"] if entry and entry.get("statement", statement) == statement else None

    def known_failure(self, policy_sha256: Optional[str], claim: str) -> Optional[KnownFailure]:
        """What is on record about a claim that is not supported on a policy; None where it is, or was never run."""
        entry = self._entry(policy_sha256, claim)
        return None if entry is None or entry["verdict"] == Verdict.SUPPORTED else _known_failure(entry)

    def _entry(self, policy_sha256: Optional[str], claim: str) -> Optional[dict[str, Any]]:
        record = self._loaded.get(policy_sha256 or "")
        return record["claims"].get(claim) if record else None

    def difference(self, result: ClaimResult) -> str:
        """What the record was made for, if it is not what was now decided: another statement, controls or reason."""
        entry = self._entry(result.policy_sha256, result.claim)
        if entry is None:
            return ""
        if entry.get("statement", result.statement) != result.statement:
            return f"another statement, {entry['statement']!r}"
        before, now = set(entry.get("controls", ())), {control.name for control in result.controls}
        if before and now and before != now:
            listed = ", ".join(sorted(before - now)) or ", ".join(sorted(now - before))
            return f"other controls, {'with' if before - now else 'without'} {listed}"
        if result.verdict == Verdict.NOT_EVALUATED and entry.get("reason", result.reason) != result.reason:
            return f"another reason, {entry['reason']!r}"
        return ""

    def write(self, results: Iterable[ClaimResult], known: Optional[KnownFailure] = None) -> list[Path]:
        """Record results, replacing earlier verdicts of the same claims and keeping those of others.

        Results about no policy, those of claims that broke off, and predictions, whose outcomes are on the ledger, are
        passed over.

        Args:
            results: of a run.
            known: what to write down about those that are not supported; by default what was written before stays,
                for verdicts that are still the same.

        Returns:
            The files written.

        Raises:
            RecordError: a result is exploratory, or a record was damaged meanwhile.
        """
        kept = [r for r in results if r.policy_sha256 is not None and not r.broken_off and not r.prediction]
        exploratory = [result.claim for result in kept if result.exploratory]
        if exploratory:
            raise RecordError(
                f"{len(exploratory)} results are exploratory (run with --max-mazes, --alpha, --precision or --mutant), "
                f"the first {exploratory[0]}; run them again with the registered budget and error rate"
            )
        if self.folder.exists() and not self.folder.is_dir():
            raise RecordError(f"{self.folder}: is a file, wanted the folder of the records")
        self.folder.mkdir(parents=True, exist_ok=True)
        with locked(self.folder):
            self._loaded = self._load()  # somebody may have recorded others meanwhile
            policies = sorted({result.policy_sha256 or "" for result in kept})
            return [self._write([r for r in kept if r.policy_sha256 == sha256], sha256, known) for sha256 in policies]

    def explain(
        self, claim: str, policy: str, known: KnownFailure, verdict: str = Verdict.REFUTED.value
    ) -> list[tuple[str, str]]:
        """Write down why verdicts on record are accepted, and until when, without running anything.

        Args:
            claim: the claims' functions with their variants, as in ``test_a[b]``; ``*`` stands for anything.
            policy: the policies' names, likewise.
            known: what to write down, in the place of what was.
            verdict: those that it is about.

        Returns:
            The policies and claims that it was written down for.

        Raises:
            RecordError: there is none, or a record was damaged meanwhile.
        """
        explained = []
        with locked(self.folder if self.folder.is_dir() else self._missing()):
            self._loaded = self._load()
            for record in self._loaded.values():
                chosen = [
                    name
                    for name, entry in record["claims"].items()
                    if entry["verdict"] == verdict
                    and _like(name.split("::")[-1], claim)
                    and _like(record["policy"], policy)
                ]
                for name in chosen:
                    kept = {k: v for k, v in record["claims"][name].items() if k not in ("because", "review_by")}
                    record["claims"][name] = kept | _written(known)
                if chosen:
                    content = {name: value for name, value in record.items() if name != "path"}
                    _put(record["path"], content)
                    explained += [(str(record["policy"]), name) for name in chosen]
        if not explained:
            raise RecordError(
                f"{self.folder}: no verdict {verdict!r} on record for claims like {claim!r} on policies like "
                f"{policy!r}; * stands for anything"
            )
        return explained

    def _missing(self) -> Path:
        raise RecordError(f"{self.folder}: no such folder, wanted the one of the records")

    def _write(self, results: list[ClaimResult], sha256: str, known: Optional[KnownFailure]) -> Path:
        """Record the results of one policy."""
        policy, old = results[0].policy, self._loaded.get(sha256, {})
        path: Path = old.get("path", self.folder / f"{policy}.json")
        if path.exists() and not old:
            path = self.folder / f"{policy}-{sha256[:12]}.json"
        before = old.get("claims", {})
        claims = {**before, **{result.claim: _entry(result, before.get(result.claim), known) for result in results}}
        content = {
            "format": _FORMAT,
            "policy": policy,
            "sha256": sha256,
            "engine": ENGINE_VERSION,
            "claims": dict(sorted(claims.items())),
        }
        _put(path, content)
        self._loaded[sha256] = {**content, "path": path}
        return path


def _put(path: Path, content: dict[str, Any]) -> None:
    write_atomically(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def _like(name: str, pattern: str) -> bool:
    """Whether a name is like a pattern, in which only ``*`` and ``?`` stand for other things."""
    return fnmatch.fnmatchcase(name, pattern.replace("[", "[[]"))


def _written(known: KnownFailure) -> dict[str, str]:
    """What an entry says about a failure."""
    because = {"because": known.because} if known.because else {}
    return because | ({"review_by": known.review_by.isoformat()} if known.review_by else {})


def _known_failure(entry: dict[str, Any]) -> KnownFailure:
    """What an entry says about a failure.

    Raises:
        ValueError: its date is none.
    """
    date = entry.get("review_by")
    return KnownFailure(str(entry.get("because", "")), None if date is None else datetime.date.fromisoformat(date))


def _entry(result: ClaimResult, before: Optional[dict[str, Any]], known: Optional[KnownFailure]) -> dict[str, Any]:
    data = {name: value for name, value in result.to_dict().items() if name in _KEPT}
    data["controls"] = {control.name: control.verdict for control in result.controls}
    for name in ("effect", "interval"):
        if data[name] is not None:
            data[name] = _rounded(data[name])
    if known is None and before is not None and before["verdict"] == result.verdict:
        known = _known_failure(before)
    if known is not None and result.verdict != Verdict.SUPPORTED:
        data |= _written(known)
    return data


def _rounded(value: Any) -> Any:
    """Six decimals, as far as results agree between machines."""
    return [round(v, 6) for v in value] if isinstance(value, (list, tuple)) else round(value, 6)
