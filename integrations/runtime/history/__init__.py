"""Reads what attempts have left: steps, checkpoints, lineage, side effects."""
