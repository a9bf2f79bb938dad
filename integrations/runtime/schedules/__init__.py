"""Fires jobs: one transaction for each, a ledger entry for each time."""
