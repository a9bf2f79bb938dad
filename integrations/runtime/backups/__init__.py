"""Copies the whole database, and puts a copy back."""
