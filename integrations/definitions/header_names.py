"""Which headers of a request an action, an event or an auth can set."""

from __future__ import annotations

import re
from typing import Final

#: RFC 9110 section 5.6.2.
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
#: They say where one message ends and the next begins, or where it goes: two opinions about that are an attack.
_WRITTEN: Final = frozenset({
    "connection", "content-length", "expect", "host", "http2-settings", "keep-alive", "proxy-authorization",
    "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip
#: They say where a request came from before us, and it came from nowhere: an API that lets certain addresses in, or
#: builds links from them, would believe whatever a step says.
_FORWARDING: Final = frozenset({"forwarded", "x-real-ip"})
_FORWARDING_PREFIX: Final = "x-forwarded"


def refusal(name: str) -> str | None:
    """Return why a header of that name cannot be set, None if it can."""
    if not _TOKEN.fullmatch(name):
        return "a header's name holds characters that are not allowed there"
    plain = name.lower().replace("_", "-")  # many servers take an underscore for a dash
    if plain in _WRITTEN:
        return f"the header {name} cannot be set: it is written by the client itself"
    if plain in _FORWARDING or plain.startswith(_FORWARDING_PREFIX):
        return f"the header {name} cannot be set: it says whom a proxy forwards for, and this is none"
    return None
