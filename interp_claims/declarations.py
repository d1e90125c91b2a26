"""What the declaration of a claim must be like, beyond its thresholds: checked when the claim's file is read."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from numbers import Integral, Real
from types import FunctionType
from typing import Any

from interp_claims.controls import Control
from interp_claims.errors import InterpClaimsError
from interp_claims.mazes.sampling import MazeDistribution
from interp_claims.verdicts.regressions import OF_A_COLUMN

_PLACE = "interp_claims_place"


class ClaimError(InterpClaimsError, ValueError):
    """A claim that is declared in a way that could not be decided, or could not fail."""


def checked_controls(name: str, role: str, controls: Any) -> tuple[Control, ...]:
    """The controls of a claim.

    Args:
        name: of the claim.
        role: which of its controls these are.
        controls: what was given for them.

    Raises:
        ClaimError: something else than several controls.
    """
    several = isinstance(controls, Sequence) and not isinstance(controls, str)
    wrong = [each for each in controls if not isinstance(each, Control)] if several else [controls]
    if wrong:
        raise ClaimError(
            f"{name}: {role}: got {_named(wrong[0])}, wanted a tuple of controls of interp_claims.controls, such as "
            "(untrained, no_op)"
        )
    return tuple(controls)


def check_mazes(name: str, mazes: Any) -> None:
    """Raise a :class:`ClaimError` unless a claim's mazes are a distribution."""
    if not isinstance(mazes, MazeDistribution):
        raise ClaimError(
            f"{name}: mazes: got {_named(mazes)}, wanted a distribution of mazes, such as with_decision_square()"
        )


def check_count(name: str, what: str, count: Any, least: int) -> None:
    """Raise a :class:`ClaimError` unless a number of mazes is a whole one, and at least so large."""
    if not isinstance(count, Integral) or isinstance(count, bool):
        raise ClaimError(f"{name}: got {what} {count!r}, wanted a whole number of mazes")
    if count < least:
        raise ClaimError(f"{name}: got {what} {count}, wanted at least {least} maze{'s' if least > 1 else ''}")


def checked_bounds(name: str, bounds: Any) -> tuple[float, float]:
    """The bounds of a claim's effects, which may yet be the wrong numbers.

    Raises:
        ClaimError: something else than two numbers.
    """
    try:
        both = tuple(bounds)
    except TypeError:
        both = ()
    if len(both) != 2 or not all(isinstance(end, Real) for end in both):
        raise ClaimError(f"{name}: bounds: got {bounds!r}, wanted two numbers, such as (-1, 1)")
    return both[0], both[1]


def check_statistic(name: str, statistic: Any) -> None:
    """Raise a :class:`ClaimError` unless an approximate claim's statistic is one, and not what makes one."""
    if not callable(statistic) or statistic in OF_A_COLUMN:
        raise ClaimError(
            f"{name}: statistic: got {_named(statistic)}, wanted one of interp_claims.verdicts, such as "
            "rank_correlation or linear_coefficient(0)"
        )


def check_new(function: Callable[..., Any], declared: Any) -> None:
    """Raise a :class:`ClaimError` if a function has been ``declared`` a claim already."""
    if declared is not None:
        raise ClaimError(
            f"{function.__name__}: is declared twice, as a {declared.kind} claim before, wanted once: the outer one "
            "would take the place of the inner; give each a function of its own"
        )


def check_arguments(function: Callable[..., Any], wanted: tuple[str, ...]) -> None:
    """Raise a :class:`ClaimError` unless a claim's function takes these arguments, and takes them from pytest."""
    parameters = inspect.signature(function).parameters
    missing = [name for name in wanted if name not in parameters]
    if missing:
        raise ClaimError(f"{function.__name__}: takes no argument {' or '.join(missing)}, wanted {', '.join(wanted)}")
    check_without_values(function, wanted)


def check_without_values(function: Callable[..., Any], names: Iterable[str]) -> None:
    """Raise a :class:`ClaimError` if a claim's function has default values for some arguments, if it takes them."""
    parameters = inspect.signature(function).parameters
    own = [name for name in names if name in parameters and parameters[name].default is not inspect.Parameter.empty]
    if own:
        raise ClaimError(
            f"{function.__name__}: has a default value for {' and '.join(own)}, wanted none: pytest gives nothing to "
            "arguments that have one"
        )


def check_takes_policy(function: Callable[..., Any], given: Iterable[str]) -> None:
    """Raise a :class:`ClaimError` unless a universal claim that names controls leaves them a policy to change."""
    if "policy" not in inspect.signature(function).parameters or "policy" in given:
        raise ClaimError(
            f"{function.__name__}: fails_for: got controls for a claim that is given no policy, wanted the argument "
            "policy, which they change; take it, or leave them out"
        )


def sentence_of(function: Callable[..., Any]) -> str:
    """A claim's sentence: the first paragraph of its docstring.

    Raises:
        ClaimError: it has none.
    """
    text = inspect.getdoc(function)
    if not text:
        raise ClaimError(f"{function.__name__}: has no docstring; its first paragraph is the claim's sentence")
    return " ".join(text.split("\n\n")[0].split())


def check_only_one(function: Callable[..., Any]) -> None:
    """Refuse a second claim of one name in a file, which would take the place of the first without a word.

    A file that is read again, a cell that is run again and a loop that makes claims of one definition are no second
    claim; functions inside of others are not looked at.

    Raises:
        ClaimError: the file holds another claim of this name already.
    """
    own = inspect.unwrap(function)
    if not isinstance(own, FunctionType) or own.__qualname__ != own.__name__:
        return
    loaded, file, line = _place(own)
    earlier = getattr(own.__globals__.get(own.__name__), _PLACE, None)
    if earlier is None or file.startswith("<"):
        return
    if earlier[0] is loaded and earlier[1] == file and earlier[2] != line:
        raise ClaimError(
            f"{own.__name__}: got two claims of this name in {file}, at lines {earlier[2]} and {line}, wanted one: the "
            "first would never run; give one of them another name"
        )


def note_place(claim: Any, function: Callable[..., Any]) -> None:
    """Write down on a claim where its function stands, for :func:`check_only_one`."""
    own = inspect.unwrap(function)
    if isinstance(own, FunctionType):
        setattr(claim, _PLACE, _place(own))


def _place(function: FunctionType) -> tuple[Any, str, int]:
    """Which loading of a module a function comes from, its file, and its first line."""
    return function.__globals__.get("__spec__"), function.__code__.co_filename, function.__code__.co_firstlineno


def _named(value: Any) -> str:
    """A value as an error names it."""
    if isinstance(value, Control):
        return f"the control {value.name} alone"
    if inspect.isroutine(value):
        return f"the function {value.__name__}, which is not called"
    return repr(value)
