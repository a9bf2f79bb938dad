"""Decompresses a response while it arrives and stops when it becomes too large, however small it was on the wire."""

from __future__ import annotations

import zlib

from integrations.connectors.egress.errors import ProtocolFailed, ResponseTooLarge

_GZIP = zlib.MAX_WBITS | 16
_RAW_DEFLATE = -zlib.MAX_WBITS
#: Members of a gzip stream. Each costs time, and one of nothing is 20 bytes.
_MOST_MEMBERS = 1_000
_GZIP_NAMES, _DEFLATE_NAMES = frozenset({"gzip", "x-gzip"}), frozenset({"deflate"})
_ZLIB_HEADER_BYTES = 2


class Body:
    """Collects the chunks of one response body."""

    def __init__(self, *, encoding: str, max_bytes: int) -> None:
        self._encoding = ", ".join(name for name in _names(encoding) if name != "identity")
        self._max_bytes = max_bytes
        self._received = 0
        #: What has come of a beginning that does not tell yet which kind of deflate it is of.
        self._start = b""
        self._is_started = False
        self._plain = bytearray()
        self._members = 1
        self._inflater: zlib._Decompress | None = None

    def add(self, chunk: bytes) -> None:
        """Take the next piece as it came over the wire.

        Raises:
            ResponseTooLarge: before or after decompression.
            ProtocolFailed: it is not what its Content-Encoding says.
        """
        self._received += len(chunk)
        self._refuse_above_limit(self._received)
        if not self._is_started:
            chunk = self._start = self._start + chunk
            if len(chunk) < (_ZLIB_HEADER_BYTES if self._encoding in _DEFLATE_NAMES else 1):
                return
            self._is_started, self._inflater = True, _inflater(self._encoding, chunk)
        try:
            self._take(chunk)
        except zlib.error:
            raise ProtocolFailed(f"the response is not the {self._encoding} that it claims to be") from None

    def finish(self) -> bytes:
        """Return the whole body."""
        is_cut = not self._is_started and self._start
        if is_cut or (self._inflater is not None and not self._inflater.eof):
            raise ProtocolFailed("the compressed response ends before it is complete")
        return bytes(self._plain)

    def _take(self, chunk: bytes) -> None:
        if self._inflater is None:
            self._plain += chunk
            return
        while chunk:
            if self._inflater.eof:
                self._inflater = self._next_member()
            room = self._max_bytes - len(self._plain) + 1
            self._plain += self._inflater.decompress(chunk, room)
            self._refuse_above_limit(len(self._plain))
            chunk = self._inflater.unconsumed_tail or self._inflater.unused_data

    def _next_member(self) -> zlib._Decompress:
        """A gzip stream may be several, one after the other (RFC 1952 section 2.2)."""
        self._members += 1
        if self._encoding not in _GZIP_NAMES or self._members > _MOST_MEMBERS:
            raise ProtocolFailed("the compressed response goes on behind its end")
        return zlib.decompressobj(_GZIP)

    def _refuse_above_limit(self, size: int) -> None:
        if size > self._max_bytes:
            raise ResponseTooLarge(f"the response is larger than {self._max_bytes} bytes")


def _inflater(encoding: str, first_chunk: bytes) -> zlib._Decompress | None:
    if not encoding:
        return None
    if encoding in _GZIP_NAMES:
        return zlib.decompressobj(_GZIP)
    if encoding in _DEFLATE_NAMES:
        return zlib.decompressobj(zlib.MAX_WBITS if _has_zlib_header(first_chunk) else _RAW_DEFLATE)
    raise ProtocolFailed("the response is compressed in a way that was not asked for")


def _has_zlib_header(chunk: bytes) -> bool:
    """Deflate ought to come in a zlib envelope, but some servers leave it out (RFC 9110 section 8.4.1.2)."""
    return chunk[0] & 0x0F == 8 and int.from_bytes(chunk[:_ZLIB_HEADER_BYTES], "big") % 31 == 0


def _names(encoding: str) -> list[str]:
    return [name for part in encoding.split(",") if (name := part.strip().lower())]
