"""Reports: JSON, the closing table, and progress while claims run."""
