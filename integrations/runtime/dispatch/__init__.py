"""Tells workers of due runs, and whether they may claim them."""
