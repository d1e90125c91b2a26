"""Claims of interpretability papers as executable tests."""

__version__ = "0.1.0"
