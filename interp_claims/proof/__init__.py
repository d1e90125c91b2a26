"""Proof that the suite can fail: effects and mechanisms planted on purpose, and mutants that no claim must survive."""
