"""Where a prediction stands: not registered, edited since, awaiting its policy, open, or resolved."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional

from interp_claims.collecting import CollectingError, claims_in
from interp_claims.mazes.sampling import SeedBlock
from interp_claims.policies.manifest import Manifest
from interp_claims.prereg.ledger import Entry, Ledger
from interp_claims.prereg.predictions import Prediction, PredictionError, prediction_of
from interp_claims.prereg.sealing import as_decided, block_of, differing_fields, sealed_form, sealing_of, sha256_of
from interp_claims.prereg.source_code import BY_NAMES, SEALING
from interp_claims.prereg.whole_file import files_of


@dataclasses.dataclass(frozen=True)
class Standing:
    """A prediction in the light of its ledger.

    Attributes:
        prediction: as it is declared now.
        block: the mazes that decide it.
        seal: the hash of its sealed form.
        policy_sha256: the policy that it is about, or None while that does not exist.
        resolution: its outcome on the ledger, or None.
    """

    prediction: Prediction
    block: SeedBlock
    seal: str
    policy_sha256: Optional[str]
    resolution: Optional[Entry]


def standing_of(function: Callable[..., Any], claim: str, ledger: Ledger, manifest: Manifest) -> Standing:
    """Where a prediction stands.

    Raises:
        PredictionError: it is not registered, or was edited after it was.
    """
    prediction = prediction_of(function)
    assert prediction is not None
    entry = ledger.registered(prediction.name)
    if entry is None or entry.kind != "registered":
        raise PredictionError(
            f"prediction {prediction.name}: is not registered; run interp-claims register {claim.split('::')[0]} first"
        )
    form = form_as_sealed(entry, function, claim, manifest, decided=ledger.resolution(prediction.name) is not None)
    if entry.body["sha256"] != sha256_of(form):
        raise PredictionError(
            f"prediction {prediction.name}: was edited after it was registered as line {entry.number} "
            f"({differing_fields(form, entry.body['sealed'])}); undo that, or register it anew, which draws other "
            "mazes unless the library's code alone has changed"
        )
    about, resolution = ledger.policy_of(prediction.name), ledger.resolution(prediction.name)
    return Standing(prediction, block_of(form), sha256_of(form), about, resolution)


def form_as_sealed(
    entry: Entry, function: Callable[..., Any], claim: str, manifest: Manifest, *, decided: bool
) -> dict[str, Any]:
    """The form that a prediction would have now, by the rule that it was sealed by then.

    Args:
        entry: its line on the ledger.
        function: the prediction as it is now.
        claim: its identity.
        manifest: of shipped policies.
        decided: whether the ledger has its outcome: the library's code may have changed since then.

    Raises:
        PredictionError: no such policy is shipped.
    """
    sealed = entry.body["sealed"]
    form = form_of(function, claim, manifest, sealing_of(sealed))
    return as_decided(form, sealed) if decided else form


def form_of(function: Callable[..., Any], claim: str, manifest: Manifest, sealing: int = SEALING) -> dict[str, Any]:
    """The sealed form of a prediction, with the identity of the shipped policy that it is about.

    Raises:
        PredictionError: no such policy is shipped, or the prediction rests on something that cannot be sealed.
    """
    prediction = prediction_of(function)
    named = None if prediction is None else prediction.policy
    if named is not None and named not in manifest.entries:
        raise PredictionError(
            f"prediction {prediction.name if prediction else ''}: is about {named!r}, which is not shipped; wanted one "
            f"of {', '.join(manifest.entries)}, or a description of a policy that does not exist yet"
        )
    file = claim.split("::")[0]
    if sealing > BY_NAMES and Path(file).name not in {path.name for path in files_of(function)}:
        raise PredictionError(
            f"{claim}: its function was not made in {file}, so that its code cannot be found; define it there, and "
            "decorate it with what keeps it by functools.wraps"
        )
    return sealed_form(function, claim, None if named is None else manifest.entries[named].sha256, sealing)


def predictions_in(path: Path, root: Path) -> dict[str, Callable[..., Any]]:
    """The predictions of one file of claims, by identity, in the order of the file.

    Raises:
        PredictionError: the file cannot be read as Python, or holds no predictions.
    """
    try:
        functions = claims_in(path, root)
    except CollectingError as error:
        raise PredictionError(str(error)) from error
    predictions = {name: function for name, function in functions.items() if prediction_of(function) is not None}
    if not predictions:
        raise PredictionError(f"{path}: holds no predictions; write @preregistered(...) above a @claim(...)")
    return predictions
