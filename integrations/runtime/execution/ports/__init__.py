"""Answers what the engine asks for from the database: a file for each protocol of `engine/ports.py`."""
