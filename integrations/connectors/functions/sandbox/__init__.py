"""What runs inside a child process, where only the standard library is at hand."""
