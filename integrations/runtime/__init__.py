"""Carries runs out: how they are queued, claimed, executed, recorded, replayed and pruned."""
