"""Which network the author of a prediction meant, where it is another than the one that decides it."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Optional

from interp_claims.prereg.predictions import PredictionError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclasses.dataclass(frozen=True)
class Meant:
    """The network that a prediction was made about.

    Attributes:
        network: which one, in words.
        why: how one knows.
        sha256: its identity, if it is at hand: decided on that, the prediction is transferred to nothing.
    """

    network: str
    why: str
    sha256: Optional[str] = None


def read_meant(path: Path) -> dict[str, Meant]:
    """From the names of predictions to the networks that were meant: one ``[[meant]]`` for each network.

    Raises:
        PredictionError: the file cannot be read, an entry lacks a field or has others, or two name the same prediction.
    """
    try:
        found: dict[str, Meant] = {}
        for entry in tomllib.loads(path.read_text(encoding="utf-8"))["meant"]:
            names = entry.pop("predictions")
            if isinstance(names, str) or found.keys() & set(names):
                raise ValueError(f"got predictions {names!r}, wanted a list of names, each once in the file")
            found |= dict.fromkeys(names, Meant(**entry))
        return found
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PredictionError(
            f"{path}: does not tell which networks were meant ({error}); wanted [[meant]] with predictions, network "
            "and why"
        ) from error
