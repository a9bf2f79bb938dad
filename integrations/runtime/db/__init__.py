"""Holds what differs between the two databases for workers: clock, write lock, wake-ups."""
