"""The sealed form of a prediction: all that decides it, in one canonical text, and the seeds that follow from it."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
import textwrap
from collections.abc import Callable
from types import FunctionType
from typing import Any, Optional

from interp_claims.claims import ClaimSpec, spec_of
from interp_claims.mazes.sampling import DISCOVERY, REGISTERED, SeedBlock
from interp_claims.prereg.predictions import PredictionError, prediction_of
from interp_claims.results import ENGINE_VERSION
from interp_claims.verdicts.betting import STAKES
from interp_claims.verdicts.sequential import DEFAULT_ALPHA

_SEED_RULE = "the block number sha-256 mod 800 of a million level seeds from 1,300,000,000 on; 1"
_BLOCK = 1_000_000
_NOT_IN_SEEDS = ("policy", "engine")


def sealed_form(function: Callable[..., Any], claim: str, policy_sha256: Optional[str]) -> dict[str, Any]:
    """Everything that a prediction's outcome depends on, as plain data.

    Args:
        function: the prediction.
        claim: its identity, file and function.
        policy_sha256: identity of the policy that it is about, or None if that does not exist yet.

    Raises:
        PredictionError: the function is no prediction.
    """
    prediction, spec = prediction_of(function), spec_of(function)
    if prediction is None or spec is None:
        raise PredictionError(f"{claim}: is no prediction; write @preregistered(...) above @claim(...)")
    policy: dict[str, Any] = {"name": prediction.policy, "sha256": policy_sha256}
    if prediction.policy is None:
        policy = {"description": prediction.description}
    return {
        "name": prediction.name,
        "by": prediction.by,
        "on": prediction.on,
        "data_seen": prediction.data_seen,
        "credences": None if prediction.credences is None else dataclasses.asdict(prediction.credences),
        "policy": policy,
        "claim": claim,
        "sentence": spec.sentence,
        "source_code": source_code_of(function),
        "engine": ENGINE_VERSION,
        "seeds": {"rule": _SEED_RULE, "discovery": [DISCOVERY.first, DISCOVERY.size]},
        **_of_spec(spec),
    }


def _of_spec(spec: ClaimSpec) -> dict[str, Any]:
    ((_, hypothesis),) = spec.hypotheses.items()
    return {
        "mazes": str(spec.mazes),
        "conditions": [source_code_of(condition) for condition in spec.mazes.conditions] if spec.mazes else [],
        "estimand": type(hypothesis.estimand).__name__,
        "bounds": list(hypothesis.estimand.bounds),
        "direction": hypothesis.direction,
        "theta": hypothesis.theta,
        "alpha": {"supported": DEFAULT_ALPHA, "refuted": DEFAULT_ALPHA},
        "bets": [float(stake) for stake in STAKES],
        "budget": spec.budget,
        "null_controls": [control.name for control in spec.null_controls],
        "contrast_controls": [control.name for control in spec.contrast_controls],
        "unmeasurable_maze": "the prediction is not evaluated",
    }


def source_code_of(function: Callable[..., Any]) -> str:
    """The text of a function, and of everything of its own module that it uses, functions and constants alike."""
    own = inspect.unwrap(function)
    parts: dict[str, str] = {}

    def visit(visited: FunctionType) -> None:
        if visited.__qualname__ in parts:
            return
        parts[visited.__qualname__] = textwrap.dedent(inspect.getsource(visited))
        for name in sorted(_names_in(visited.__code__)):
            used = inspect.unwrap(value) if callable(value := visited.__globals__.get(name)) else value
            if isinstance(used, FunctionType) and used.__module__ == visited.__module__:
                visit(used)
            elif isinstance(used, (int, float, str, tuple, dict)) and not name.startswith("__"):
                parts.setdefault(f"constant {name}", repr(used))

    assert isinstance(own, FunctionType)
    visit(own)
    return "\n".join(f"# {name}\n{text}" for name, text in parts.items())


def _names_in(code: Any) -> set[str]:
    """Every global name that a piece of code, and the functions inside it, read."""
    inner = [constant for constant in code.co_consts if hasattr(constant, "co_names")]
    return set(code.co_names).union(*map(_names_in, inner)) if inner else set(code.co_names)


def canonical(form: dict[str, Any]) -> str:
    """One text for equal data: sorted names, no spaces, ASCII."""
    return json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def sha256_of(form: dict[str, Any]) -> str:
    """The seal of a prediction: sha-256 of its canonical text."""
    return hashlib.sha256(canonical(form).encode()).hexdigest()


def block_of(form: dict[str, Any]) -> SeedBlock:
    """The seeds that a sealed prediction is decided on: its own, by its hash without policy and engine version."""
    seed = sha256_of({name: value for name, value in form.items() if name not in _NOT_IN_SEEDS})
    number = int(seed, 16) % (REGISTERED.size // _BLOCK)
    return SeedBlock(f"registered {seed[:12]}", REGISTERED.first + number * _BLOCK, _BLOCK)


def differing_fields(form: dict[str, Any], sealed: dict[str, Any]) -> str:
    """The names of what differs between two sealed forms."""
    return ", ".join(name for name in {**form, **sealed} if form.get(name) != sealed.get(name))
