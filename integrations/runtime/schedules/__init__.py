"""Fires jobs: one transaction for each, a ledger entry for each time.

Firing a job locks its row if it still stands as it was read, writes a slot (unique by job and nominal time) for each
time that has come, with the run that it starts or the reason for none, and moves `next_at`. Any number of schedulers
fire each slot once, and one that is killed leaves nothing half done.

A time more than a minute late was missed, and the job's `missed` decides: `skip`, `run_once` (the last one, or the
next) or `run_all` (the last hundred, one after another). `overlap` looks at the schedule's own unfinished runs, their
retries included; runs by hand stand beside the schedule. A retry is a new run on the same release, linked by
`replay_of`. While a job is paused or its environment frozen, `held_from` keeps its next time: after a pause the times
in between are skipped, after a freeze `missed` decides. A job that leaves a frozen environment, or is given another
schedule, skips them, and its ledger says what had held it. Actions, functions and jobs run as features of one event
(`definitions.wrapping`).
"""
