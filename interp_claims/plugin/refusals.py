"""What claims are not run with: whatever would let one pass without a verdict, or until it passes."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import pytest

from interp_claims.claims import policies_named
from interp_claims.errors import InterpClaimsError
from interp_claims.plugin.items import alike
from interp_claims.plugin.run import Run


def refusal_of(config: pytest.Config, claims: Sequence[pytest.Function], run: Run) -> str:
    """Why these claims are not run as they are asked for; empty where they are."""
    if twins := alike(claims):
        return twins
    if config.getoption("runxfail"):
        return "--runxfail would report awaited predictions as failures; run claims without it"
    if _marked(claims, "skip", "skipif"):
        return (
            "claims are not marked skip or skipif: what is skipped passes without a verdict; mark those that take long "
            "slow, or leave them out with -k"
        )
    if _marked(claims, "xfail"):
        return (
            "claims are not marked xfail: whatever they came to would pass; put their verdicts on record, with "
            "interp-claims record, and a flip fails"
        )
    if _reruns(config) or _marked(claims, "flaky"):
        return "claims are never rerun until they pass: that raises the rate of false verdicts"
    try:
        if not run.options.mutant:  # which run without controls
            run.manifest.check([name for item in claims for name in policies_named(item.obj)])
    except InterpClaimsError as error:
        return f"a control names a policy that there is not: {error}"
    return ""


def marked_to_pass(items: Sequence[pytest.Item]) -> bool:
    """Whether any of these would pass, by its mark, whatever it comes to."""
    return _marked(items, "xfail", "skip", "skipif")


def _marked(items: Sequence[pytest.Item], *marks: str) -> bool:
    return any(item.get_closest_marker(mark) for item in items for mark in marks)


def _reruns(config: pytest.Config) -> bool:
    """Whether failed tests would be run again: by an option of pytest-rerunfailures or flaky, or a setting."""
    if getattr(config.option, "force_reruns", None) or getattr(config.option, "force_flaky", None):
        return True
    asked = getattr(config.option, "reruns", None)
    if asked is None:
        with contextlib.suppress(ValueError):  # nobody knows the setting
            asked = config.getini("reruns")
    return str(asked or 0).strip() != "0"
