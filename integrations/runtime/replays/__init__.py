"""Plans another attempt: what is reused, what runs again."""
