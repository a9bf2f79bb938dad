"""Holds what an integration defines, and the frozen part of it that a run is on.

A release is a feature's latest version with the latest versions of all that it reaches. Equal releases share a row by
their digest. A revision is the integration's number that each change raises; what is read of an integration is kept in
memory under its revision.
"""
