#!/usr/bin/env python
"""Django's command line for this project."""

from __future__ import annotations

import sys

from django.core.management import execute_from_command_line

from ductape_site import starting

if __name__ == "__main__":
    starting.require_settings()
    with starting.or_end():
        execute_from_command_line(sys.argv)
