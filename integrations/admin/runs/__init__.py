"""Runs: the list, the page of one, replays, comparisons and bulk operations."""
