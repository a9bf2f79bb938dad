"""Holds what an integration defines, and the frozen part of it that a run is on."""
