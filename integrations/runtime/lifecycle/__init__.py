"""Decides what follows when a run ends, is woken or is cancelled.

When a nested run ends, the run above is woken. When a run fails, its unfinished nested runs fail too and are waited for
while they undo what they did; those that succeeded are undone by the rollback of their event. A cancelled run, and the
runs below it, undo nothing. To write for a run and its run tree, lock them in the order of their ids (`run_tree.lock`),
so that a cancel and an end never wait for each other.

Failures join failure groups in the transaction that stores the ends of their runs. A fingerprint is over feature, app,
target, code and the message without what changes from one failure to the next. Groups are counted in the order of their
fingerprints, so that workers never wait for each other in a circle. A resolved group reopens when it is seen again.
"""
