"""Declaring a prediction: a claim, who predicts it, when, of which policy, and with what credences."""

from __future__ import annotations

import dataclasses
import datetime
import inspect
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional, TypeVar

from interp_claims.claims import spec_of
from interp_claims.errors import InterpClaimsError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Function = TypeVar("Function", bound=Callable[..., Any])

_ATTRIBUTE = "interp_claims_prediction"


class PredictionError(InterpClaimsError, ValueError):
    """A prediction that is declared in a way that could not be registered or scored."""


@dataclasses.dataclass(frozen=True)
class Credences:
    """How probable somebody holds each outcome.

    Attributes:
        supported, refuted, undecided: three probabilities that add up to 1; or, for a published credence in the
            sentence alone, ``supported`` and its complement, with ``undecided`` None.
    """

    supported: float
    refuted: float
    undecided: Optional[float] = None

    def __post_init__(self) -> None:
        given = [p for p in (self.supported, self.refuted, self.undecided) if p is not None]
        if not all(isinstance(p, (int, float)) and 0 <= p <= 1 for p in given) or abs(math.fsum(given) - 1) > 1e-9:
            raise PredictionError(f"credences: got {given}, wanted probabilities that add up to 1")

    @property
    def three_way(self) -> bool:
        """Whether "undecided" has a credence of its own."""
        return self.undecided is not None


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What is said beforehand about a claim.

    Attributes:
        name: short and unique, such as ``"E5"``.
        by: whose prediction it is.
        on: the day it was made, ``YYYY-MM-DD``.
        credences: how probable each outcome is held; None where none were recorded.
        policy: the shipped policy it is about, by name; None if the policy does not exist yet.
        description: of the policy, where it does not exist yet.
        data_seen: what the author had seen when predicting.
    """

    name: str
    by: str
    on: str
    credences: Optional[Credences]
    policy: Optional[str]
    description: str
    data_seen: str


def read_out_of_reach(path: Path) -> list[dict[str, Any]]:
    """Published predictions that no network here can decide, from a TOML file: one ``[[prediction]]`` each.

    Returns:
        For each ``name, by, on, sentence, why`` and ``credences``, as the ledger keeps them.

    Raises:
        PredictionError: the file cannot be read, or an entry lacks a field or has others.
    """
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))["prediction"]
        return [_out_of_reach(**entry) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PredictionError(
            f"{path}: no readable list of predictions ({error}); wanted [[prediction]] with name, by, on, sentence, "
            "why and credences"
        ) from error


def _out_of_reach(
    *,
    name: str,
    by: str,
    on: str,
    sentence: str,
    why: str,
    supported: Optional[float] = None,
    refuted: Optional[float] = None,
    undecided: Optional[float] = None,
) -> dict[str, Any]:
    datetime.date.fromisoformat(on)
    credences = _credences(name, supported, refuted, undecided)
    told = {"name": name, "by": by, "on": on, "sentence": sentence, "why": why}
    return {**told, "credences": None if credences is None else dataclasses.asdict(credences)}


def prediction_of(function: object) -> Optional[Prediction]:
    """The prediction that a claim is, or None for an ordinary claim."""
    prediction = getattr(function, _ATTRIBUTE, None)
    return prediction if isinstance(prediction, Prediction) else None


def preregistered(
    name: str,
    *,
    by: str,
    on: str,
    supported: Optional[float] = None,
    refuted: Optional[float] = None,
    undecided: Optional[float] = None,
    policy: Optional[str] = None,
    description: str = "",
    data_seen: str,
) -> Callable[[Function], Function]:
    """Make a claim a prediction; it stands above ``@claim``.

    ``interp-claims register`` seals it before it can be tested; its mazes are drawn by the seal, so that any later edit
    draws others. A published "80%" is ``supported=.8`` alone.

    Args:
        name: short and unique.
        by: whose prediction it is.
        on: the day it was made, ``YYYY-MM-DD``.
        supported, refuted, undecided: credences; none, ``supported`` alone, or all three.
        policy: the shipped policy that it is about.
        description: of the policy, where it does not exist yet; either this or ``policy``.
        data_seen: what the author had seen when predicting.

    Raises:
        PredictionError: credences that are none, a day that is none, not exactly one policy, no sampled claim, one
            that takes more than policy and mazes, or one that is a prediction already.
    """
    if (policy is None) == (not description):
        raise PredictionError(f"{name}: got policy {policy!r} and description {description!r}, wanted exactly one")
    try:
        datetime.date.fromisoformat(on)
    except ValueError:
        raise PredictionError(f"{name}: got the day {on!r}, wanted YYYY-MM-DD") from None
    credences = _credences(name, supported, refuted, undecided)
    prediction = Prediction(name, by, on, credences, policy, description, data_seen)

    def declare(function: Function) -> Function:
        spec = spec_of(function)
        if spec is None or spec.kind != "sampled":
            raise PredictionError(f"{name}: stands above no sampled claim; write @preregistered(...) above @claim(...)")
        if len(spec.hypotheses) != 1:
            raise PredictionError(f"{name}: the claim has {len(spec.hypotheses)} thresholds, wanted one")
        others = set(inspect.signature(function).parameters) - {"policy", "mazes"}
        if others:
            raise PredictionError(
                f"{name}: takes {', '.join(sorted(others))}, wanted policy and mazes alone: what else decides it would "
                "not be sealed; write it into the claim's file"
            )
        if (inner := prediction_of(function)) is not None:
            raise PredictionError(
                f"{name}: stands above the prediction {inner.name}, wanted one for each claim; give each a claim of "
                "its own"
            )
        setattr(function, _ATTRIBUTE, prediction)
        return function

    return declare


def _credences(
    name: str, supported: Optional[float], refuted: Optional[float], undecided: Optional[float]
) -> Optional[Credences]:
    given = [p is not None for p in (supported, refuted, undecided)]
    if not any(given):
        return None
    if given == [True, False, False]:
        assert supported is not None
        return Credences(supported, 1 - supported)
    if not all(given):
        raise PredictionError(f"{name}: got some credences, wanted none, supported alone, or all three")
    assert supported is not None and refuted is not None
    return Credences(supported, refuted, undecided)
