"""The bases of the errors that this library raises on purpose."""


class InterpClaimsError(Exception):
    """Something was asked for that cannot be done; the message says what was got, what was wanted and what to do."""


class CircumstanceError(InterpClaimsError):
    """The machine or its files stood in the way, which says nothing about a claim or a policy."""
