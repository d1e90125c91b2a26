"""The base of every error that this library raises on purpose."""


class InterpClaimsError(Exception):
    """Something was asked for that cannot be done; the message says what was got, what was wanted and what to do."""
