"""HTTP APIs: building requests from plain values, and reading what comes back."""
