"""Executes claimed runs: opens their context, drives the engine, stores what it reports."""
