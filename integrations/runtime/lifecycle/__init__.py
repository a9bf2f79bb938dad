"""Decides what follows when a run ends, is woken or is cancelled."""
