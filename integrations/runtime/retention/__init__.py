"""Deletes what is past its retention, without holding writers up.

A transaction takes as many rows as the one before showed to fit into some 30 ms, and the database is then left alone
for twice as long. A run goes with its whole run tree, once each of it may. While a replay of a run is unfinished,
neither that run nor its other attempts go.
"""
