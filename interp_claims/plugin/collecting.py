"""Claims as pytest collects them, for commands that look at claims without running them."""

from __future__ import annotations

import contextlib
import dataclasses
import io
from collections.abc import Sequence

import pytest

from interp_claims.claims import spec_of
from interp_claims.plugin.items import SUPPLIED, claim_to_run, parameters_of
from interp_claims.running import ClaimToRun


class _Catcher:
    def __init__(self) -> None:
        self.items: list[pytest.Item] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = list(session.items)


@dataclasses.dataclass(frozen=True)
class CollectedClaim:
    """A claim without a policy.

    Attributes:
        run: the claim.
        measurable: whether it can be measured as it is; one that takes fixtures of its own, such as recorded behaviour,
            cannot.
    """

    run: ClaimToRun
    measurable: bool


def collected_claims(files: Sequence[str], *, roles: str = "discovered") -> dict[str, CollectedClaim]:
    """The claims in some files, by identity. Slow ones and predictions are among them.

    Where claims cannot be collected, for example because the working folder is another one than that of
    ``conftest.py``, there are none.

    Args:
        files: as pytest takes them, relative to the working folder.
        roles: which roles, as ``--roles`` takes them; the identities tell of it.
    """
    if not files:
        return {}
    catcher = _Catcher()
    options = ["--collect-only", "-q", "-p", "no:cacheprovider", "--assert=plain", "-m", ""]
    options += ["--continue-on-collection-errors"]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        pytest.main([*options, "--roles", roles, *files], plugins=[catcher])
    found: dict[str, CollectedClaim] = {}
    for item in catcher.items:
        if isinstance(item, pytest.Function) and (spec := spec_of(item.obj)) is not None:
            claim = claim_to_run(item, spec)
            given = parameters_of(item)
            names = [name for name in item._fixtureinfo.argnames if name not in SUPPLIED]
            arguments = {name: given[name] for name in names if name in given}
            claim = dataclasses.replace(claim, arguments=arguments)
            found.setdefault(claim.name, CollectedClaim(claim, len(arguments) == len(names)))
    return found
