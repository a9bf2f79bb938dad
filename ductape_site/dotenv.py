"""Reads a `.env` file as people write it, and refuses what it cannot read with the number of the line."""

from __future__ import annotations

import io
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from dotenv.parser import parse_stream


def read(path: Path) -> dict[str, str]:
    """Return the variables of a `.env` file.

    Spaces around "=", quotes, `export`, a comment behind a value and a byte order mark are all right. Nothing is
    expanded: a dollar sign is a dollar sign.

    Raises:
        ImproperlyConfigured: with the number of the line, never with what it holds.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ImproperlyConfigured(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ImproperlyConfigured(f"{path} is not UTF-8 text.") from None
    variables: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text)):
        if binding.error or (binding.key is not None and binding.value is None):
            line = binding.original.line
            raise ImproperlyConfigured(f"{path}, line {line}: this is not NAME=value. Put quotes around the value.")
        if binding.key is not None and binding.value is not None:
            variables[binding.key] = binding.value
    return variables
