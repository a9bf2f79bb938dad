"""Executes claimed runs: opens their context, drives the engine, stores what it reports.

All runs of a process execute on one event loop, which also owns the HTTP client, tokens and function processes
(`EventLoop`). The engine reports to a `RunRecorder` and waits until a step is stored. Its messages cross to the thread
that owns the database connection: the `Driver` stores what has gathered of all runs in one transaction, prepared before
it begins, since other workers may wait for it to end. What the database refuses is stored run by run; the run that it
refuses counts a crash. No transaction is open while a connector talks.

An outcome ends a run in one compare-and-set under its fence. A process that waits for its own run (`in_process`) uses
the same driver.
"""
