"""Checks a start, opens credentials, queues the run.

Credentials are opened here and only for one run: bindings and secrets, as they are now and not as they were when the
release was cut. A binding's digest changes with everything that it depends on; runs store it, and cached results depend
on it.
"""
