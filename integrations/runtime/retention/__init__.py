"""Deletes what is past its retention, without holding writers up."""
