"""Runnable examples of what the console works with."""
