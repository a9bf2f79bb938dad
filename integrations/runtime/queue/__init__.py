"""Decides who executes which run, and keeps it theirs: claims, leases, fair share."""
