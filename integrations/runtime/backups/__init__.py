"""Copies the whole database, and puts a copy back.

A restored database has its dispatch paused until an operator confirms; workers are forgotten, their runs are queued
again, and every unfinished run's fence leaps, so that an old holder's writes are refused.
"""
