"""Saves definitions: check, lock, write, audit, rename, publish."""
