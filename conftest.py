"""Loads the claims plugin and the shared fixtures."""

pytest_plugins = [
    "interp_claims.plugin",
    "fixtures.policies",
    "fixtures.mazes",
    "fixtures.behaviour",
    "pytester",
]
