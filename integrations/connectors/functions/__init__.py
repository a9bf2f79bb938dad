"""User code: JavaScript and TypeScript, in child processes that can reach nothing."""
