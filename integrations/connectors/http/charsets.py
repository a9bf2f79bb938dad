"""Decodes bytes by the name of a charset as the Encoding standard says (encoding.spec.whatwg.org), and loses none.

`webencodings` knows the standard's labels and gives Python's codec for each; where Python's tables differ from the
standard's, they are mended here. Whatever has no character is an error: nothing is replaced.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Final, Never

import webencodings

from integrations.connectors.http import charset_tables as tables

Decoder = Callable[[bytes], str]

#: Python's names for what the standard leaves out and APIs may still send, as code pages of DOS.
_OTHERS: Final = re.compile(r"utf-32(?:-[bl]e)?|cp\d+")
_JIS_PAIRS: Final = re.compile(rb"(?:[\xa1-\xfe]{2})+")
#: More escapes than this are none of a text: each costs time.
_MOST_ESCAPES: Final = 100_000
_JIS_ESCAPE: Final = re.compile(rb"\x1b(\([BJI]|\$[@B])")


@lru_cache(maxsize=256)  # a label is whatever a server sends
def decoder_of(label: str) -> Decoder | None:
    """Return what decodes the charset of that name, None if there is none; it raises UnicodeDecodeError."""
    encoding = webencodings.lookup(label)
    if encoding is None:
        return _other(label)
    if encoding.name in _OWN:
        return _OWN[encoding.name]
    if encoding.name.startswith(("windows-", "koi8-")):
        return _single_byte(encoding.name, encoding.codec_info)
    return _strict(encoding.codec_info)


def _other(label: str) -> Decoder | None:
    try:
        codec = codecs.lookup(label.strip())
    except (LookupError, ValueError):
        return None
    return _strict(codec) if _OTHERS.fullmatch(codec.name) else None


def _strict(codec: codecs.CodecInfo) -> Decoder:
    def decode(body: bytes) -> str:
        text, _ = codec.decode(body, "strict")
        return text

    return decode


def _single_byte(name: str, codec: codecs.CodecInfo) -> Decoder:
    """Windows' unused bytes are control characters, as in Latin-1."""
    table = [codec.decode(bytes([byte]), "replace")[0] for byte in range(256)]
    table = [chr(byte) if byte in tables.C1 and text == "\ufffd" else text for byte, text in enumerate(table)]
    for byte, text in tables.CHANGED_BYTES.get(name, {}).items():
        table[byte] = text
    characters = "".join(table).replace("\ufffd", "\ufffe")  # which a table holds for a byte without a character

    def decode(body: bytes) -> str:
        return codecs.charmap_decode(body, "strict", characters)[0]

    return decode


def _shift_jis(body: bytes) -> str:
    text = body.decode("cp932")
    if not text.isascii() and (stray := re.search("[\uf8f0-\uf8f3]", text)):  # Python's names for 4 stray bytes
        raise _undecodable("shift_jis", body, stray.start())
    return text


def _gb18030(body: bytes) -> str:
    text = body.decode("gb18030", _GB18030_ADDED)
    return text if text.isascii() else text.translate(tables.GB18030_CHANGED)


def _big5(body: bytes) -> str:
    text = body.decode("big5hkscs", _BIG5_ADDED)
    return text if text.isascii() else text.translate(tables.BIG5_CHANGED)


def _euc_jp(body: bytes) -> str:
    text = body.decode("euc_jp", _JIS_ADDED)
    return text if text.isascii() else text.translate(tables.JIS_CHANGED)


def _iso_2022_jp(body: bytes) -> str:
    """Decode what stands between escape sequences, each of which says what follows."""
    parts = _JIS_ESCAPE.split(body, _MOST_ESCAPES)
    if any(byte in part for byte in (b"\x0e", b"\x0f", b"\x1b") for part in parts[::2]):
        _refused(body)
    sets = [b"(B", *parts[1::2]]
    return "".join(_JIS_SETS[name](part) for name, part in zip(sets, parts[::2], strict=True))


def _jis_roman(body: bytes) -> str:
    return body.decode("ascii").translate({0x5C: "¥", 0x7E: "‾"})


def _jis_katakana(body: bytes) -> str:
    return "".join(chr(0xFF61 - 0x21 + byte) if 0x21 <= byte <= 0x5F else _refused(body) for byte in body)


def _jis_double(body: bytes) -> str:
    if any(not 0x21 <= byte <= 0x7E for byte in body):
        _refused(body)
    return _euc_jp(bytes(byte | 0x80 for byte in body))


def _refused(body: bytes) -> Never:
    raise _undecodable("iso-2022-jp", body, 0)


def _undecodable(name: str, body: bytes, start: int) -> UnicodeDecodeError:
    return UnicodeDecodeError(name, body, start, start + 1, "no character")


# -- What Python's decoders do not know: error handlers that find it -------------------------------------------------


def _euro(error: UnicodeError) -> tuple[str, int]:
    body, start = _failed_at(error)
    end = start
    while body[end : end + 1] == b"\x80":
        end += 1
    return _found("€" * (end - start), end, error)


def _from_big5_table(error: UnicodeError) -> tuple[str, int]:
    body, end = _failed_at(error)
    found = []
    while character := _big5_added().get(body[end : end + 2]):
        found.append(character)
        end += 2
    return _found("".join(found), end, error)


def _from_shift_jis(error: UnicodeError) -> tuple[str, int]:
    """Find the extensions of NEC and IBM, which Python has in its Shift_JIS only: the table is the same."""
    body, start = _failed_at(error)
    run = _JIS_PAIRS.match(body, start)
    pairs = run[0] if run else b""
    numbers = ((lead - 0xA1) * 94 + trail - 0xA1 for lead, trail in zip(pairs[::2], pairs[1::2], strict=True))
    shifted = b"".join(bytes(_shift_jis_pair(number)) for number in numbers)
    try:
        return _found(shifted.decode("cp932"), start + len(pairs), error)
    except UnicodeDecodeError:
        raise error from None


def _shift_jis_pair(number: int) -> tuple[int, int]:
    lead, trail = divmod(number, 188)
    return lead + (0x81 if lead < 0x1F else 0xC1), trail + (0x40 if trail < 0x3F else 0x41)


def _failed_at(error: UnicodeError) -> tuple[bytes, int]:
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 (for the type checker: it decodes)
    return error.object, error.start


def _found(text: str, end: int, error: UnicodeError) -> tuple[str, int]:
    if not text:
        raise error
    return text, end


_big5_added = cache(tables.big5_added)
_GB18030_ADDED, _BIG5_ADDED, _JIS_ADDED = "ductape.gb18030", "ductape.big5", "ductape.jis"
codecs.register_error(_GB18030_ADDED, _euro)
codecs.register_error(_BIG5_ADDED, _from_big5_table)
codecs.register_error(_JIS_ADDED, _from_shift_jis)

_JIS_SETS: Final[dict[bytes, Decoder]] = {
    b"(B": lambda part: part.decode("ascii"),
    b"(J": _jis_roman,
    b"(I": _jis_katakana,
    b"$@": _jis_double,
    b"$B": _jis_double,
}
_OWN: Final[dict[str, Decoder]] = {
    "big5": _big5,
    "euc-jp": _euc_jp,
    "gb18030": _gb18030,
    "gbk": _gb18030,
    "iso-2022-jp": _iso_2022_jp,
    "shift_jis": _shift_jis,
}
