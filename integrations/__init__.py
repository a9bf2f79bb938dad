"""Define, run and watch integrations."""
