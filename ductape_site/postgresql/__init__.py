"""Django's PostgreSQL backend, which says why no connection can be made instead of that a time is up."""
