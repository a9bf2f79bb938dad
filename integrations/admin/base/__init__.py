"""What every admin of a definition shares."""
