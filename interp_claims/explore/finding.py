"""``python -m interp_claims.explore.finding MANIFEST POLICY DEVICE``: find a policy's roles, leave them in the cache.

A process of its own, since procgen's simulator belongs to one, at low priority, since the explorer answers meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from interp_claims.errors import InterpClaimsError
from interp_claims.policies.manifest import Manifest
from interp_claims.policies.roles import roles_of


def main(manifest: str, which: str, device: str) -> None:
    """Find the roles of one policy."""
    with contextlib.suppress(AttributeError, OSError):
        os.nice(10)
    try:
        roles_of(Manifest(Path(manifest)).load(which, device))
    except InterpClaimsError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
