"""Tells workers of due runs, and whether they may claim them.

A run is announced in one place, `announcing`: by NOTIFY or SQLite's data version, and in Celery mode also by a message
that holds the run's id. Nothing depends on a message's arrival; workers find late runs in the table. While dispatch is
paused, runs are accepted and stay queued; only bulk cancels are carried out, since they start nothing, and an operator
who has restored a database first cancels what must not happen again.
"""
