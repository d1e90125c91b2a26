"""Scores of predictions: Brier and logarithmic, per author; retrospective, prospective and transferred ones apart."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Container, Mapping
from typing import Any, Optional

from interp_claims.policies.manifest import is_untrained
from interp_claims.prereg.ledger import Entry, Ledger
from interp_claims.prereg.meant import Meant

OUTCOMES = ("supported", "refuted", "undecided")
#: What somebody who knows nothing would be scored with three outcomes.
UNIFORM_BRIER = 2 / 3
_LEAST_PROBABILITY = 0.01


@dataclasses.dataclass(frozen=True)
class Score:
    """How one prediction came out.

    Attributes:
        name, by, on, sentence: of the prediction.
        state: ``supported``, ``refuted``, ``undecided`` or ``not evaluated``; ``awaiting`` or ``out of reach``.
        why: the reason where it is out of reach or was not evaluated.
        prospective: whether nobody could know its policy when it was registered, as far as the ledger tells: it was not
            shipped, is no untrained one that can be made at any time, and no line before tells of the same weights or
            of an outcome of this prediction.
        credences: by outcome; empty if none were recorded.
        brier: three-way, from 0 to 2, where each outcome has a credence; else of the sentence alone, from 0 to 1; None
            where there is nothing to score.
        log: minus the logarithm of the credence of what happened, which counts as .01 at least.
        registrations: how often it was registered, with the days.
        superseded: whether it was registered anew after this outcome, which stays.
        policy: name of the policy that decides it, or empty while that does not exist.
        meant: the network that its author meant, where it is another one; the score is then transferred.
    """

    name: str
    by: str
    on: str
    sentence: str
    state: str
    why: str
    prospective: bool
    credences: dict[str, float]
    brier: Optional[float]
    log: Optional[float]
    registrations: tuple[str, ...]
    superseded: bool = False
    policy: str = ""
    meant: Optional[Meant] = None


def scores(
    ledger: Ledger,
    shipped: Container[str],
    meant: Mapping[str, Meant] | None = None,
    untrained: Container[str] = (),
) -> list[Score]:
    """The score of every prediction on a ledger, in the order of their first registration.

    A prediction that was registered anew after its outcome has a score for each registration that has an outcome, and
    one for the last.

    Args:
        ledger: the ledger.
        shipped: identities of the policies that ship with the suite: predictions about these are retrospective.
        meant: the networks that their authors meant, by the predictions' names, where they are others.
        untrained: identities of untrained policies, known whatever name they were bound by. Bound by the name that they
            are made by, they are known without.
    """
    names = list(dict.fromkeys(entry.name for entry in ledger.entries))
    told = [(name, entry) for name in names for entry in _to_score(ledger, name)]
    return [
        _score(ledger, entry, is_prospective(ledger, entry, shipped, untrained), (meant or {}).get(name))
        for name, entry in told
    ]


def _to_score(ledger: Ledger, name: str) -> list[Entry]:
    """The registrations of a prediction that have an outcome, each form once, and the last registration."""
    last = ledger.registered(name)
    assert last is not None, "every name on a ledger was registered"
    told = [e for e in ledger.entries if e.name == name and e.kind == "registered" and ledger.outcome_of(e)]
    earlier = {entry.body["sha256"]: entry for entry in told if entry.body["sha256"] != last.body.get("sha256")}
    return [*earlier.values(), last]


def _score(ledger: Ledger, entry: Entry, prospective: bool, meant: Optional[Meant]) -> Score:
    name = entry.name
    told = entry.body if entry.kind == "out of reach" else entry.body["sealed"]
    resolution = ledger.outcome_of(entry)
    state, why = ("out of reach", told["why"]) if entry.kind == "out of reach" else ("awaiting", "")
    if resolution is not None:
        state, why = str(resolution.body["verdict"]), resolution.body.get("reason", "")
    credences = {k: float(v) for k, v in (told["credences"] or {}).items() if v is not None}
    brier, log = _scored(credences, state)
    return Score(
        name,
        str(told["by"]),
        str(told["on"]),
        str(told["sentence"]),
        state,
        str(why),
        prospective,
        credences,
        brier,
        log,
        tuple(e.at for e in ledger.entries if e.name == name and e.kind in ("registered", "out of reach")),
        entry != ledger.registered(name),
        ledger.policy_name_of(entry),
        _other_meant(ledger, entry, meant),
    )


def _other_meant(ledger: Ledger, entry: Entry, meant: Optional[Meant]) -> Optional[Meant]:
    """The network that was meant, if it is another than the one that the prediction is, or will be, decided on."""
    if meant is None or entry.kind != "registered":
        return None
    return None if meant.sha256 is not None and ledger.policy_of_registration(entry) == meant.sha256 else meant


def is_prospective(ledger: Ledger, entry: Entry, shipped: Container[str], untrained: Container[str] = ()) -> bool:
    """Whether nobody could know a prediction's policy when it was registered, as far as the ledger tells.

    Args:
        ledger: the ledger.
        entry: the line that registers it.
        shipped: as :func:`scores` takes it.
        untrained: as :func:`scores` takes it.
    """
    if entry.kind != "registered" or _is_shipped(ledger, entry, shipped):
        return False
    return not (_known_before(ledger, entry) or _is_untrained(ledger, entry, untrained))


def _known_before(ledger: Ledger, entry: Entry) -> bool:
    """Whether the ledger tells of the prediction's policy, or of an outcome, before this registration."""
    about, told = ledger.policy_of_registration(entry), ("bound", "resolved")
    before = [e for e in ledger.entries if e.number < entry.number]
    return any(
        (e.kind in told and (e.name == entry.name or e.body["policy_sha256"] == about))
        or (e.kind == "registered" and about in e.body.get("shipped", ()))
        for e in before
    )


def _is_untrained(ledger: Ledger, entry: Entry, untrained: Container[str]) -> bool:
    """Whether a registration's policy is an untrained one: whoever knows the seed has it."""
    about = ledger.policy_of_registration(entry)
    bound = [e.body for e in ledger.entries if e.kind == "bound" and e.body["policy_sha256"] == about]
    return about in untrained or any(is_untrained(str(body["policy"])) for body in bound)


def _is_shipped(ledger: Ledger, entry: Entry, shipped: Container[str]) -> bool:
    """Whether a registration names a shipped policy, or was bound to one that was shipped when it was made."""
    named: dict[str, Any] = entry.body["sealed"]["policy"]
    return named.get("sha256") in shipped or ledger.policy_of_registration(entry) in entry.body.get("shipped", ())


def _scored(credences: dict[str, float], state: str) -> tuple[Optional[float], Optional[float]]:
    if not credences or state not in OUTCOMES or ("undecided" not in credences and state == "undecided"):
        return None, None
    if "undecided" in credences:
        brier = sum((credences[outcome] - (outcome == state)) ** 2 for outcome in OUTCOMES)
    else:
        brier = (credences["supported"] - (state == "supported")) ** 2
    return brier, -math.log(max(_LEAST_PROBABILITY, credences[state]))
