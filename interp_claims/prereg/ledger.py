"""The ledger: one JSON line for everything that happened to a prediction, each holding the hash of the one before."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, Optional

from filelock import FileLock

from interp_claims.errors import InterpClaimsError
from interp_claims.files import write_atomically
from interp_claims.prereg.predictions import PredictionError
from interp_claims.prereg.sealing import block_of, canonical, sealing_of, sha256_of

Kind = Literal["registered", "out of reach", "bound", "resolved"]
_KINDS = ("registered", "out of reach", "bound", "resolved")
_VERDICTS = ("supported", "refuted", "undecided", "not evaluated")
_FIRST = "0" * 64
#: The first rule of sealing under which no two predictions of a ledger are decided on the same mazes.
_OWN_MAZES = 4


class LedgerError(InterpClaimsError):
    """A ledger that cannot be read, or an entry that it cannot take."""


class TamperedError(LedgerError):
    """A ledger, or a prediction on it, that was changed afterwards."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """One line.

    Attributes:
        number: 1 for the first.
        kind: ``registered`` (a sealed prediction), ``out of reach`` (one that no network here can decide, with the
            reason), ``bound`` (a policy that did not exist now does) or ``resolved`` (an outcome).
        at: when it was appended, in UTC; self-declared.
        body: what it says.
        previous: hash of the line before.
        sha256: hash of this line without this field.
    """

    number: int
    kind: Kind
    at: str
    body: dict[str, Any]
    previous: str
    sha256: str

    @property
    def name(self) -> str:
        """The prediction's name."""
        return str(self.body["name"])


class Ledger:
    """A ledger file, read whole and checked.

    Args:
        path: the file; it need not exist.

    Raises:
        TamperedError: a line was changed, taken out, put in or moved.
        LedgerError: the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: tuple[Entry, ...] = tuple(_checked(path)) if path.exists() else ()

    @property
    def head(self) -> str:
        """The hash of the last line: who notes it elsewhere can tell later whether lines were cut off."""
        return self.entries[-1].sha256 if self.entries else _FIRST

    def registered(self, name: str) -> Optional[Entry]:
        """The registration of a prediction that counts: the latest."""
        return self._latest(name, ("registered", "out of reach"))

    def policy_of(self, name: str) -> Optional[str]:
        """The identity of the policy that a prediction is about, or None while it does not exist."""
        entry = self.registered(name)
        return None if entry is None else self.policy_of_registration(entry)

    def policy_of_registration(self, entry: Entry) -> Optional[str]:
        """The identity of the policy that a registration is about, or None while it does not exist.

        That a policy exists is told of a description; a prediction that is registered anew with another awaits another.
        """
        if entry.kind != "registered":
            return None
        policy, described = entry.body["sealed"]["policy"], None
        if policy.get("sha256") is not None:
            return str(policy["sha256"])
        for other in (other for other in self.entries if other.name == entry.name):
            if other.kind == "registered":
                described = other.body["sealed"]["policy"]
            elif other.kind == "bound" and described == policy:
                return str(other.body["policy_sha256"])
        return None

    def policy_name_of(self, entry: Entry) -> str:
        """What the policy that a registration is about was called, or empty while it does not exist."""
        if self.policy_of_registration(entry) is None:
            return ""
        bound = self._latest(entry.name, ("bound",))
        return str(entry.body["sealed"]["policy"].get("name") or (bound.body["policy"] if bound else ""))

    def resolution(self, name: str) -> Optional[Entry]:
        """The outcome of a prediction as it is registered now, or None."""
        entry = self.registered(name)
        return None if entry is None else self.outcome_of(entry)

    def outcome_of(self, registration: Entry) -> Optional[Entry]:
        """The outcome of one registration, or None."""
        seal = registration.body.get("sha256")
        resolved = [e for e in self.entries if e.kind == "resolved" and e.name == registration.name]
        return next((entry for entry in resolved if entry.body["sealed_sha256"] == seal), None)

    def sharing_mazes(self) -> list[tuple[Entry, Entry]]:
        """The pairs of registrations of different predictions, earlier and later, that are decided on the same mazes.

        Since the fourth rule of sealing such a one is neither registered nor read.
        """
        lines = [entry for entry in self.entries if entry.kind == "registered"]
        found = ((_with_its_mazes(entry.body["sealed"], lines[:i]), entry) for i, entry in enumerate(lines))
        return [(other, entry) for other, entry in found if other is not None]

    def _latest(self, name: str, kinds: tuple[str, ...]) -> Optional[Entry]:
        found = [entry for entry in self.entries if entry.kind in kinds and entry.name == name]
        return found[-1] if found else None

    # -- appending ---------------------------------------------------------------------------------------------------

    def register(self, sealed: dict[str, Any], shipped: Iterable[str] = ()) -> Entry:
        """Append a sealed prediction.

        Args:
            sealed: its sealed form.
            shipped: identities of the policies that are shipped at this time: a prediction that is bound to one of
                them later is retrospective.

        Raises:
            LedgerError: the same is registered already.
            PredictionError: it would be decided on the mazes of another one.
        """
        seal, name = sha256_of(sealed), sealed["name"]
        before = self.registered(name)
        if before is not None and before.body.get("sha256") == seal:
            raise LedgerError(f"{name}: is registered already, as line {before.number} of {self.path}")
        if (other := _with_its_mazes(sealed, self.entries)) is not None:
            raise PredictionError(
                f"{name}: got the block of mazes of {other.name} (line {other.number} of {self.path}), wanted one that "
                "no other prediction is decided on; change the wording of its docstring, which draws another"
            )
        body = {"name": name, "sha256": seal, "sealed": sealed, "shipped": sorted(shipped)}
        return self._append("registered", body)

    def put_out_of_reach(self, name: str, told: dict[str, Any]) -> Entry:
        """Append a prediction that no network here can decide; ``told`` says whose it is and why.

        Raises:
            LedgerError: a field is missing, or the prediction is registered: what was sealed stays to be scored.
        """
        before = self.registered(name)
        if before is not None and before.kind == "registered":
            raise LedgerError(f"{name}: is registered, as line {before.number}, and cannot be put out of reach")
        missing = [field for field in ("by", "on", "sentence", "credences", "why") if field not in told]
        if missing:
            raise LedgerError(f"{name}: got no {', '.join(missing)}")
        return self._append("out of reach", {"name": name, **told})

    def bind(self, name: str, policy: str, policy_sha256: str) -> Entry:
        """Append that the policy a prediction describes now exists.

        Raises:
            LedgerError: no such prediction, or its policy is known.
        """
        entry = self.registered(name)
        if entry is None or entry.kind != "registered":
            raise LedgerError(f"{name}: is not registered in {self.path}")
        if self.policy_of(name) is not None:
            raise LedgerError(f"{name}: is about the policy {self.policy_of(name)} already")
        return self._append("bound", {"name": name, "policy": policy, "policy_sha256": policy_sha256})

    def resolve(self, name: str, outcome: dict[str, Any]) -> Entry:
        """Append an outcome; ``outcome`` holds verdict, policy_sha256 and figures, and of one not evaluated the reason.

        Raises:
            LedgerError: no such prediction, an outcome of another policy, one that was not evaluated without a reason,
                or it is resolved already: that it could not be evaluated is an outcome like any other.
        """
        entry = self.registered(name)
        if entry is None or entry.kind != "registered":
            raise LedgerError(f"{name}: is not registered in {self.path}")
        if self.resolution(name) is not None:
            raise LedgerError(f"{name}: is resolved already; register a new prediction to ask again")
        if outcome["policy_sha256"] != self.policy_of(name):
            raise LedgerError(
                f"{name}: got an outcome for the policy {outcome['policy_sha256']}, wanted {self.policy_of(name)}"
            )
        if outcome["verdict"] == "not evaluated" and not outcome.get("reason"):
            raise LedgerError(f"{name}: got the outcome 'not evaluated' without a reason")
        return self._append("resolved", {"name": name, "sealed_sha256": entry.body["sha256"], **outcome})

    def _append(self, kind: Kind, body: dict[str, Any]) -> Entry:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self.path}.lock"):
            now = Ledger(self.path)
            if now.head != self.head:
                raise LedgerError(f"{self.path}: somebody appended to it meanwhile; run the command again")
            at = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
            content = {"number": len(self.entries) + 1, "kind": kind, "at": at, "body": body, "previous": self.head}
            entry = Entry(**content, sha256=_hash(content))  # type: ignore[arg-type]
            before = self.path.read_bytes() if self.path.exists() else b""
            if before and not before.endswith(b"\n"):
                before += b"\n"
            write_atomically(self.path, before + f"{canonical(dataclasses.asdict(entry))}\n".encode())
        self.entries = (*self.entries, entry)
        return entry


def _hash(content: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def _checked(path: Path) -> Iterator[Entry]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LedgerError(f"{path}: cannot be read ({error.strerror}); wanted a ledger") from error
    previous, story = _FIRST, _Story()
    for number, line in enumerate(content.splitlines(), 1):
        where = f"{path}, line {number}"
        entry = _entry(line, where)
        if entry.previous != previous or entry.number != number:
            raise TamperedError(
                f"{where}: does not follow the line before it; lines were taken out, put in or put in another order"
            )
        try:
            story.go_on(entry, where)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise TamperedError(f"{where}: lacks what a line {entry.kind!r} says ({error!r})") from error
        previous = entry.sha256
        yield entry


def _entry(line: bytes, where: str) -> Entry:
    """One line, checked by itself."""
    try:
        data = json.loads(line)
        entry = Entry(**data)
        _ = entry.name
        written = canonical(data).encode()
    except (ValueError, TypeError, KeyError) as error:
        raise TamperedError(f"{where}: is no entry ({error}); the line was changed or cut short") from error
    if entry.kind not in _KINDS:
        raise TamperedError(f"{where}: has kind {entry.kind!r}, wanted one of {', '.join(_KINDS)}")
    if _hash({name: value for name, value in data.items() if name != "sha256"}) != entry.sha256:
        raise TamperedError(f"{where}: does not hash to what it says; the line was changed after it was appended")
    if line != written:
        raise TamperedError(f"{where}: is written otherwise than lines are; it may say two things at once")
    return entry


class _Story:
    """What the lines of a ledger have told so far: which line may come next.

    The hashes find changes by who cannot write all following lines anew; a line at the end needs no more than a hash,
    so that what it says must fit too.
    """

    def __init__(self) -> None:
        self._registered: list[Entry] = []
        self._sealed: dict[str, Entry] = {}
        self._bound: dict[tuple[str, str], str] = {}
        self._resolved: set[tuple[str, str]] = set()

    def go_on(self, entry: Entry, where: str) -> None:
        """Take one more line, or raise :class:`TamperedError`."""
        name = entry.name
        if entry.kind == "registered":
            _check_sealed(entry, where)
            other = _with_its_mazes(entry.body["sealed"], self._registered)
            if other is not None and sealing_of(entry.body["sealed"]) >= _OWN_MAZES:
                raise TamperedError(f"{where}: would decide {name} on the mazes of {other.name}, line {other.number}")
            self._registered.append(entry)
            self._sealed[name] = entry
        elif entry.kind == "out of reach":
            if name in self._sealed:
                raise TamperedError(f"{where}: puts {name} out of reach, which was registered before")
        elif entry.kind == "bound":
            if name not in self._sealed or self._policy_of(name) is not None:
                raise TamperedError(f"{where}: tells of a policy for {name}, which awaits none")
            self._bound[name, self._description_of(name)] = entry.body["policy_sha256"]
        else:
            self._resolve(entry, where)

    def _policy_of(self, name: str) -> Optional[str]:
        sealed: Optional[str] = self._sealed[name].body["sealed"]["policy"].get("sha256")
        return sealed if sealed is not None else self._bound.get((name, self._description_of(name)))

    def _description_of(self, name: str) -> str:
        """What a prediction's last registration says of its policy, as one text."""
        return canonical(self._sealed[name].body["sealed"]["policy"])

    def _resolve(self, entry: Entry, where: str) -> None:
        name, seal = entry.name, entry.body["sealed_sha256"]
        if name not in self._sealed or seal != self._sealed[name].body["sha256"]:
            raise TamperedError(f"{where}: resolves another form of {name} than the one that was registered last")
        if (name, seal) in self._resolved:
            raise TamperedError(f"{where}: gives {name} a second outcome")
        if entry.body["policy_sha256"] != self._policy_of(name):
            raise TamperedError(f"{where}: gives {name} an outcome of another policy than the one that it is about")
        if entry.body["verdict"] not in _VERDICTS:
            raise TamperedError(f"{where}: gives {name} the outcome {entry.body['verdict']!r}")
        if entry.body["verdict"] == "not evaluated" and not entry.body.get("reason"):
            raise TamperedError(f"{where}: does not say why {name} was not evaluated")
        self._resolved.add((name, seal))


def _check_sealed(entry: Entry, where: str) -> None:
    form = entry.body["sealed"]
    if sha256_of(form) != entry.body["sha256"]:
        raise TamperedError(f"{where}: the sealed form of {entry.name} does not hash to its seal")


def _with_its_mazes(form: dict[str, Any], entries: Iterable[Entry]) -> Optional[Entry]:
    """The first registration of another prediction that is decided on the same mazes as one, or None.

    One that differs in its policy, the engine or the library's code alone is the same, and keeps its mazes.
    """
    block = block_of(form)
    for entry in entries:
        if entry.kind == "registered":
            other = block_of(entry.body["sealed"])
            if other.first == block.first and other.name != block.name:
                return entry
    return None
