"""Reads what attempts have left: steps, checkpoints, lineage, side effects.

The attempts at one thing are a tree, linked by `replay_of`. A nested run is also attempted wherever the run above it is
(`lineage`). An action's effect follows from its method unless the app says otherwise (`definitions/effects.py`).
"""
