"""The outside world, one folder a kind."""
