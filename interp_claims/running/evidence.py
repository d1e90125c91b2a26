"""What a report shows of a claim besides its result: how it is declared, and what it looks like in single mazes."""

from __future__ import annotations

import dataclasses
import inspect
import textwrap
from collections.abc import Sequence
from typing import Any, Optional

import numpy as np

from interp_claims.mazes.maze import Maze
from interp_claims.measures.fields import VectorField, field_squares, vector_fields
from interp_claims.policies.forward import ActivationEdit
from interp_claims.policies.policy import Policy
from interp_claims.results import ClaimResult
from interp_claims.running.asking import asked_in
from interp_claims.running.context import ClaimToRun, RunOptions
from interp_claims.verdicts.sequential import Hypothesis

_DIGITS = 4
_AGAINST = 2


@dataclasses.dataclass(frozen=True)
class Definition:
    """How a claim is declared.

    Attributes:
        file: where it stands, as pytest names it.
        line: the first line of its function, decorators included.
        source: the text of the function.
        statement: what is decided; empty for universal claims.
        declared: what else it declares, by heading.
    """

    file: str
    line: int
    source: str
    statement: str
    declared: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, run: ClaimToRun) -> Definition:
        """The definition of a claim, its text as it is on disk now."""
        spec, function = run.spec, inspect.unwrap(run.function)
        function = getattr(getattr(function, "hypothesis", None), "inner_test", function)
        try:
            lines, line = inspect.getsourcelines(function)
        except (OSError, TypeError):
            lines, line = [], 0
        hypothesis = spec.hypotheses.get(run.threshold)
        declared: list[tuple[str, str]] = [("kind", spec.kind)]
        if hypothesis is not None:
            declared.append(("states", str(hypothesis) if spec.kind == "sampled" else _without_estimand(hypothesis)))
        if hypothesis is not None and spec.kind == "sampled":
            low, high = hypothesis.estimand.bounds
            declared.append(("bounds", f"{low:g} to {high:g}"))
        if spec.mazes is not None:
            declared.append(("mazes", str(spec.mazes)))
        declared.append(("budget", f"{spec.budget} mazes"))
        for heading, controls in (
            ("null controls", spec.null_controls),
            ("contrast controls", spec.contrast_controls),
            ("must fail for", spec.fails_for),
        ):
            if controls:
                declared.append((heading, ", ".join(control.name for control in controls)))
        if run.variant:
            declared.append(("parameters", run.variant))
        statement = dict(declared).get("states", "")
        text = textwrap.dedent("".join(lines))
        return cls(run.name.split("::")[0], line, text, statement, tuple(declared))


def _without_estimand(hypothesis: Hypothesis) -> str:
    """What an approximate claim states about its statistic."""
    return f"{hypothesis.direction} {hypothesis.theta:g} (approximate)"


@dataclasses.dataclass(frozen=True, eq=False)
class PicturedMaze:
    """One maze of a claim, with what the policy would do on its squares.

    Where the claim puts the policy under several edits, ``edited`` is under the last of them and ``first`` under the
    first, each in the maze that was shown under it; where it makes none, ``unedited`` stands alone.

    Attributes:
        seed: of the maze.
        chosen: why this maze: ``"typical"``, ``"against"`` or ``"first"``.
        score: the claim's score there, or None where claims of its kind have none.
        edits: the edits that the claim puts the policy under, in order, as they print.
        unedited: the vector field of the unedited policy, or None.
        edited: under the last edit, or None.
        first: under the first edit, where there are several, or None.
        trouble: why fields are missing; empty if none is.
    """

    seed: int
    chosen: str
    score: Optional[float]
    edits: tuple[str, ...] = ()
    unedited: Optional[VectorField] = None
    edited: Optional[VectorField] = None
    first: Optional[VectorField] = None
    trouble: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data, which travels between processes."""
        data = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        for name in ("unedited", "edited", "first"):
            field = data[name]
            data[name] = None if field is None else [field.maze.to_dict(), field.probabilities.tolist()]
        return {**data, "edits": list(self.edits)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> PicturedMaze:
        """What :meth:`to_dict` gave."""
        fields: dict[str, Any] = {"edits": tuple(data["edits"])}
        for name in ("unedited", "edited", "first"):
            if data[name] is not None:
                maze = Maze.from_dict(data[name][0])
                probabilities = np.array(data[name][1], dtype=np.float64).reshape(-1, 5)
                fields[name] = VectorField(maze, field_squares(maze), probabilities)
            else:
                fields[name] = None
        return cls(**{**data, **fields})


@dataclasses.dataclass(frozen=True, eq=False)
class Evidence:
    """What a report shows of a claim on a policy besides its result.

    Attributes:
        definition: how it is declared.
        mazes: mazes to look at; empty where there is nothing to see in single mazes, or pictures were not asked for.
    """

    definition: Definition
    mazes: tuple[PicturedMaze, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data, which travels between processes."""
        definition = dataclasses.asdict(self.definition)
        return {"definition": definition, "mazes": [maze.to_dict() for maze in self.mazes]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Evidence:
        """What :meth:`to_dict` gave."""
        declared = tuple((str(heading), str(text)) for heading, text in data["definition"]["declared"])
        definition = Definition(**{**data["definition"], "declared": declared})
        return cls(definition, tuple(PicturedMaze.from_dict(maze) for maze in data["mazes"]))


def evidence_of(run: ClaimToRun, result: ClaimResult, *, pictures: bool, options: RunOptions) -> Evidence:
    """What to show of a claim that was run.

    Args:
        run: the claim on its policy.
        result: what it came to.
        pictures: whether to look at single mazes, which costs some thousand forward passes.
        options: how it was run.
    """
    return Evidence(Definition.of(run), pictured_mazes(run, result, options) if pictures else ())


def pictured_mazes(run: ClaimToRun, result: ClaimResult, options: RunOptions) -> tuple[PicturedMaze, ...]:
    """The mazes that show what a claim is about: a typical one and the two that speak most against it.

    Mazes that cannot be looked at say why. Claims that ask the policy nothing there, such as those about recorded
    behaviour, and those that are not measured maze by maze, give none; nor do those whose mazes cannot be drawn.
    """
    if run.policy is None or run.spec.mazes is None or result.broken_off:
        return ()
    chosen = chosen_mazes(result)
    if not chosen:
        try:
            chosen = ((next(run.spec.mazes.stream(options.block)).seed or 0, "first", None),)
        except Exception:  # there is no maze, or a condition of the claim's own fails: its result says so
            return ()
    pictured = (_pictured(run, run.policy, *each) for each in chosen)
    return tuple(maze for maze in pictured if maze is not None)


def chosen_mazes(result: ClaimResult) -> tuple[tuple[int, str, Optional[float]], ...]:
    """Seed, reason and score: the maze whose score is nearest the median, and the two that speak most against."""
    scores = result.scores[: result.mazes]
    if not scores:
        return ()
    values = np.array([score for _, score in scores])
    typical = scores[int(np.argmin(np.abs(values - np.median(values))))]
    against = [(seed, score) for seed, score in result.against if seed != typical[0]][:_AGAINST]
    return ((typical[0], "typical", typical[1]), *((seed, "against", score) for seed, score in against))


def _pictured(run: ClaimToRun, policy: Policy, seed: int, chosen: str, score: Optional[float]) -> PicturedMaze | None:
    """One maze, or None if the claim asks the policy nothing there."""
    assert run.spec.mazes is not None
    picture = PicturedMaze(seed, chosen, score)
    try:
        maze = run.spec.mazes.maze(seed)
        if maze is None:
            return dataclasses.replace(picture, trouble=f"the maze does not belong to {run.spec.mazes} any more")
        asked = [(shown, edit) for shown, edit in asked_in(run, policy, (maze,)) if shown.seed == seed]  # others lend
        return _with_fields(picture, policy, asked) if asked else None
    except Exception as error:  # whatever a claim's function raises: the other mazes can be looked at
        return dataclasses.replace(picture, trouble=f"{type(error).__name__}: {error}")


def _with_fields(
    picture: PicturedMaze, policy: Policy, asked: Sequence[tuple[Maze, Optional[ActivationEdit]]]
) -> PicturedMaze:
    """A picture with the fields of what the policy was asked about."""
    edits: list[tuple[Maze, ActivationEdit]] = []
    for shown, edit in asked:
        if edit is not None and edit not in [known for _, known in edits]:
            edits.append((shown, edit))
    shown = edits[-1][0] if edits else asked[0][0]
    fields: dict[str, Any] = {"edits": tuple(str(edit) for _, edit in edits), "unedited": _field(policy, shown)}
    try:
        if edits:
            fields["edited"] = _field(policy.edited(edits[-1][1]), shown)
        if len(edits) > 1:
            fields["first"] = _field(policy.edited(edits[0][1]), edits[0][0])
    except Exception as error:  # such as an edit with one value for each observation of the claim
        fields["trouble"] = f"the edit cannot be made on every square ({type(error).__name__}: {error})"
    return dataclasses.replace(picture, **fields)


def _field(policy: Policy, maze: Maze) -> VectorField:
    """A vector field, rounded as it is kept."""
    (field,) = vector_fields(policy, [maze])
    return dataclasses.replace(field, probabilities=field.probabilities.round(_DIGITS))
