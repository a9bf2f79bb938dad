"""Deletes what is past its retention, without delaying other writers.

A transaction takes as many rows as the one before showed to fit into some 30 ms, and the database is then left alone
for twice as long. A run is deleted with its whole run tree, once all of it is past its retention. While a replay of a
run is unfinished, neither that run nor its other attempts are deleted.
"""
