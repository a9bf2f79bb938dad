"""What can be asked for: each operation checks permission and input, and writes all or nothing."""
