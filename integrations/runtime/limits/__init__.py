"""Holds a start or a call up: lanes, deduplication, the queue's cap, circuits."""
