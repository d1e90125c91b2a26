"""What a pytest item of a claim is: which claim, under which name, and how to run it again."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from interp_claims.claims import ClaimSpec, spec_of
from interp_claims.running import ClaimToRun
from interp_claims.verdicts.estimands import Ratio

SUPPLIED = ("policy", "mazes")


def claim_to_run(item: pytest.Function, spec: ClaimSpec) -> ClaimToRun:
    """The claim that an item is; before its fixtures are there, one without policy and arguments."""
    parameters = parameters_of(item)
    threshold = str(parameters.get("claim_threshold", ""))
    arguments = {n: item.funcargs[n] for n in item._fixtureinfo.argnames if n in item.funcargs and n not in SUPPLIED}
    policy: Any = item.funcargs.get("policy")
    name, variant = claim_name(item), _variant(parameters)
    return ClaimToRun(name, spec, threshold, item.obj, policy, arguments, variant, is_slow(item), command_of(item))


def is_slow(item: pytest.Item) -> bool:
    """Whether an item is marked so, and left out unless asked for."""
    return item.get_closest_marker("slow") is not None


def claim_name(item: pytest.Function) -> str:
    """The identity of an item's claim: without the policy, but with whatever else distinguishes it."""
    parameters, asked = parameters_of(item), item.config.getoption("roles")
    roles = {"discovered": "", "published": "published roles"}.get(asked, f"channels {asked}")
    threshold = str(parameters.get("claim_threshold", ""))
    chosen = "-".join(part for part in (_variant(parameters), roles, threshold) if part)
    return item.nodeid.split("[")[0] + (f"[{chosen}]" if chosen else "")


def alike(items: Sequence[pytest.Function]) -> str:
    """What to say where two items are one claim on one policy, and would share measurements and a row; else empty."""
    known: dict[tuple[str, str], str] = {}
    for item in items:
        which = claim_name(item), str(parameters_of(item).get("policy"))
        if which in known:
            return (
                f"{which[0]}: got parameters that print alike in {known[which]} and {item.nodeid}, wanted claims that "
                "are told apart by what theirs print; parametrise with strings, or with functions that have names"
            )
        known[which] = item.nodeid
    return ""


def parameters_of(item: pytest.Function) -> dict[str, Any]:
    """What the item was parametrised with, by name."""
    return item.callspec.params if hasattr(item, "callspec") else {}


def _variant(parameters: dict[str, Any]) -> str:
    own = (value for key, value in parameters.items() if key not in ("policy", "claim_threshold"))
    return "-".join(getattr(value, "__name__", None) or str(value) for value in own)  # a function by its name


def command_of(item: pytest.Function) -> str:
    """The command that runs one item again."""
    words = ["pytest", item.nodeid]
    if (asked := item.config.getoption("policy")) and "policy" in parameters_of(item):
        own = str(parameters_of(item)["policy"])
        alike = [Path(name).stem for name in asked].count(Path(own).stem) > 1  # then the item's name tells of both
        words += [word for name in (asked if alike else [own]) for word in ("--policy", name)]
    if (roles := item.config.getoption("roles")) != "discovered":
        words += ["--roles", roles]
    if (device := item.config.getoption("device")) != "cpu":
        words += ["--device", device]
    if (precision := item.config.getoption("precision")) != "float32":
        words += ["--precision", precision]
    if is_slow(item):
        words += ["-m", ""]
    return shlex.join(words)


def longest_first(item: pytest.Item) -> tuple[bool, int, bool]:
    """Claims with large budgets first, and of these the ones about ratios, whose differences are small."""
    spec = spec_of(item.obj) if isinstance(item, pytest.Function) else None
    if spec is None or spec.kind == "universal":
        return True, 0, True
    return False, -spec.budget, not any(isinstance(h.estimand, Ratio) for h in spec.hypotheses.values())
