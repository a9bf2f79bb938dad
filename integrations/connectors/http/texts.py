"""Finds out which charset the text of an answer is in, and decodes it without losing anything.

The order is that of the Encoding standard (section "decode"), RFC 7303 section 3 for XML and the HTML standard's
"determining the character encoding": a byte order mark, then the label of the Content-Type, then what the document says
of itself, then UTF-8. JSON is UTF-8 whatever its label says (RFC 8259 section 8.1).
"""

from __future__ import annotations

import codecs
import json
import re
from typing import Final

from integrations.connectors.http.charsets import Decoder, decoder_of

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    # Not in the standard, for which it is UTF-16 that begins with U+0000.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16le"),
    (codecs.BOM_UTF16_BE, "utf-16be"),
)
#: How XML begins in UTF-16 without a mark (XML 1.0, appendix F).
_XML_STARTS: Final = ((b"<\0?\0", "utf-16le"), (b"\0<\0?", "utf-16be"))
_MARKUP: Final = re.compile(r"(?:application|text)/xml|.+\+xml|text/html")
_IN_XML: Final = re.compile(rb"""\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']([\w.:-]+)["']""")
_IN_HTML: Final = re.compile(rb"""<meta\s[^>]*?\bcharset\s*=\s*["']?\s*([^\s"'/>;]+)""", re.IGNORECASE)
_IN_CSS: Final = re.compile(rb'@charset "([^"]*)";')
_COMMENT: Final = re.compile(rb"<!--.*?-->", re.DOTALL)
#: How far into a document its own word on its charset is looked for.
_HEAD_BYTES: Final = 1024


def decode_text(body: bytes, *, media_type: str, label: str) -> str | None:
    """Return the text that `body` is, None if it is none: not all of it can be decoded, or it holds U+0000.

    `label` is the charset of the Content-Type, or "".
    """
    body, decode = _unmarked(body)
    decode = decode or decoder_of(label) or _declared(body, media_type) or _utf_8
    try:
        text = decode(body)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def decode_json(body: bytes, *, label: str) -> str | None:
    """Return the text of a JSON document, None if not all of it can be decoded."""
    try:
        # Told by its first bytes (RFC 4627 section 3); `surrogatepass` in Python's own reading would let halves in.
        return body.decode(json.detect_encoding(body))
    except UnicodeDecodeError:
        decode = decoder_of(label)
    try:
        return decode(body) if decode is not None else None
    except UnicodeDecodeError:
        return None


def charset_of(*, label: str) -> Decoder:
    """Return what decodes single values of a form, whose charset is UTF-8 unless it is labelled."""
    return decoder_of(label) or _utf_8


def _unmarked(body: bytes) -> tuple[bytes, Decoder | None]:
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :], decoder_of(name)
    return body, None


def _declared(body: bytes, media_type: str) -> Decoder | None:
    """Return the charset that a document names within itself."""
    head = body[:_HEAD_BYTES]
    if media_type == "text/css":
        found = _IN_CSS.match(head)
    elif _MARKUP.fullmatch(media_type):
        for start, name in _XML_STARTS:
            if head.startswith(start):
                return decoder_of(name)
        found = _IN_XML.match(head) or (_IN_HTML.search(_COMMENT.sub(b"", head)) if "html" in media_type else None)
    else:
        return None
    name = found[1].decode("latin-1") if found else ""
    # Written in ASCII, it cannot be UTF-16.
    return _utf_8 if name.lower().startswith("utf-16") else decoder_of(name)


def _utf_8(body: bytes) -> str:
    return body.decode("utf-8")
