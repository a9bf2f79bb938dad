"""Worker processes: the loop, where its runs come from, and what it does by the clock."""
