"""Checks a start, opens credentials, queues the run."""
