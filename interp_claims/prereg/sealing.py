"""The sealed form of a prediction: all that decides it, in one canonical text, and the seeds that follow from it."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
from collections.abc import Callable
from typing import Any, Optional

from interp_claims.claims import ClaimSpec, spec_of
from interp_claims.controls import Control
from interp_claims.mazes.sampling import DISCOVERY, REGISTERED, SeedBlock
from interp_claims.places import file_of
from interp_claims.prereg.predictions import PredictionError, prediction_of
from interp_claims.prereg.source_code import (
    BY_NAMES,
    SEALING,
    hash_of_code,
    is_measuring,
    library_code_of,
    source_code_of,
)
from interp_claims.prereg.whole_file import WholeFile
from interp_claims.results import ENGINE_VERSION
from interp_claims.verdicts.betting import STAKES
from interp_claims.verdicts.sequential import DEFAULT_ALPHA

_SEED_RULE = "the block number sha-256 mod 800 of a million level seeds from 1,300,000,000 on; 1"
_BLOCK = 1_000_000
_NOT_IN_SEEDS = ("policy", "engine", "library")
#: The first rule that seals the library's code.
_WITH_LIBRARY = 3


def sealed_form(
    function: Callable[..., Any], claim: str, policy_sha256: Optional[str], sealing: int = SEALING
) -> dict[str, Any]:
    """Everything that a prediction's outcome depends on, as plain data.

    Args:
        function: the prediction.
        claim: its identity, file and function.
        policy_sha256: identity of the policy that it is about, or None if that does not exist yet.
        sealing: by which rule; what was sealed by an earlier one is compared by that.

    Raises:
        PredictionError: the function is no prediction, or rests on something that cannot be sealed.
    """
    prediction, spec = prediction_of(function), spec_of(function)
    if prediction is None or spec is None:
        raise PredictionError(f"{claim}: is no prediction; write @preregistered(...) above @claim(...)")
    policy: dict[str, Any] = {"name": prediction.policy, "sha256": policy_sha256}
    if prediction.policy is None:
        policy = {"description": prediction.description}
    code = _by_names(function, spec, sealing) if sealing <= BY_NAMES else _whole(function, spec, claim)
    return {
        "name": prediction.name,
        "by": prediction.by,
        "on": prediction.on,
        "data_seen": prediction.data_seen,
        "credences": None if prediction.credences is None else dataclasses.asdict(prediction.credences),
        "policy": policy,
        "claim": claim,
        "sentence": spec.sentence,
        "engine": ENGINE_VERSION,
        "seeds": {"rule": _SEED_RULE, "discovery": [DISCOVERY.first, DISCOVERY.size]},
        **_of_spec(spec),
        **code,
        **({} if sealing == 1 else {"sealing": sealing}),
    }


def _whole(function: Callable[..., Any], spec: ClaimSpec, claim: str) -> dict[str, Any]:
    """What is sealed of the code by the fourth rule."""
    whole = WholeFile(function, claim)
    steps = [whole.describe("mazes", step) for step in spec.mazes.steps] if spec.mazes else []

    def described(control: Control) -> dict[str, Any]:
        code = whole.describe(f"the control {control.name}", control.apply)
        return {"name": control.name, "policy": control.policy_name, "source_code": code}

    nulls, contrasts = map(described, spec.null_controls), map(described, spec.contrast_controls)
    controls = {"null_controls": list(nulls), "contrast_controls": list(contrasts)}
    of_library = [c for c in (*spec.null_controls, *spec.contrast_controls) if _is_of_library(c)]
    hashes = {f"control {control.name}": hash_of_code(control.apply) for control in of_library}
    of_own = spec.mazes is not None and any(file_of(type(s)) or not is_measuring(type(s)) for s in spec.mazes.steps)
    return {
        "mazes": " & ".join(steps) if of_own else str(spec.mazes),
        "source_code": whole.source_code,
        "conditions": steps,
        **controls,
        "library": {**whole.library, **hashes},
    }


def _is_of_library(control: Control) -> bool:
    return file_of(inspect.unwrap(control.apply)) is None


def _by_names(function: Callable[..., Any], spec: ClaimSpec, sealing: int) -> dict[str, Any]:
    """What is sealed of the code by one of the first three rules."""
    module = function.__module__
    return {
        "source_code": source_code_of(function, sealing),
        "conditions": [source_code_of(c, sealing) for c in spec.mazes.conditions] if spec.mazes else [],
        "null_controls": [_of_control(control, sealing, module) for control in spec.null_controls],
        "contrast_controls": [_of_control(control, sealing, module) for control in spec.contrast_controls],
        **({"library": _library_of(function, spec)} if sealing >= _WITH_LIBRARY else {}),
    }


def _library_of(function: Callable[..., Any], spec: ClaimSpec) -> dict[str, str]:
    """The hashes of the library's code that a prediction uses by name, by the third rule."""
    steps = [type(step) for step in spec.mazes.steps] if spec.mazes else []
    controls = [c for c in (*spec.null_controls, *spec.contrast_controls) if not _is_own(c, function.__module__)]
    return {
        **library_code_of(function),
        **{f"{step.__module__}.{step.__qualname__}": hash_of_code(step) for step in steps},
        **{f"control {control.name}": hash_of_code(control.apply) for control in controls},
    }


def _is_own(control: Control, module: str) -> bool:
    return inspect.unwrap(control.apply).__module__ == module


def as_decided(form: dict[str, Any], sealed: dict[str, Any]) -> dict[str, Any]:
    """A form with the library's code as it was when a prediction was sealed that has been decided: what became of that
    code since changes no outcome."""
    return {**form, "library": sealed["library"]} if "library" in sealed else form


def sealing_of(form: dict[str, Any]) -> int:
    """The rule that a form was sealed by; the first one left no word of itself."""
    return int(form.get("sealing", 1))


def _of_spec(spec: ClaimSpec) -> dict[str, Any]:
    ((_, hypothesis),) = spec.hypotheses.items()
    return {
        "mazes": str(spec.mazes),
        "estimand": type(hypothesis.estimand).__name__,
        "bounds": list(hypothesis.estimand.bounds),
        "direction": hypothesis.direction,
        "theta": hypothesis.theta,
        "alpha": {"supported": DEFAULT_ALPHA, "refuted": DEFAULT_ALPHA},
        "bets": [float(stake) for stake in STAKES],
        "budget": spec.budget,
        "unmeasurable_maze": "the prediction is not evaluated",
    }


def _of_control(control: Control, sealing: int, module: str) -> Any:
    """A control by its name; with its code where it is no control of the library."""
    if sealing == 1:
        return control.name
    code = source_code_of(control.apply, sealing) if _is_own(control, module) else ""
    return {"name": control.name, "policy": control.policy_name, "source_code": code}


def canonical(form: dict[str, Any]) -> str:
    """One text for equal data: sorted names, no spaces, ASCII."""
    return json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def sha256_of(form: dict[str, Any]) -> str:
    """The seal of a prediction: sha-256 of its canonical text."""
    return hashlib.sha256(canonical(form).encode()).hexdigest()


def block_of(form: dict[str, Any]) -> SeedBlock:
    """The seeds that a sealed prediction is decided on: its own, by its hash without what the seeds leave out.

    That is the policy, the engine's version and the library's code: where these change, the mazes stay.
    """
    seed = sha256_of({name: value for name, value in form.items() if name not in _NOT_IN_SEEDS})
    number = int(seed, 16) % (REGISTERED.size // _BLOCK)
    return SeedBlock(f"registered {seed[:12]}", REGISTERED.first + number * _BLOCK, _BLOCK)


def differing_fields(form: dict[str, Any], sealed: dict[str, Any]) -> str:
    """The names of what differs between two sealed forms."""
    differing = [name for name in {**form, **sealed} if form.get(name) != sealed.get(name)]
    now, then = form.get("library", {}), sealed.get("library", {})
    parts = sorted(name for name in {**now, **then} if now.get(name) != then.get(name))
    return ", ".join(f"library: {', '.join(parts)}" if name == "library" else name for name in differing)
